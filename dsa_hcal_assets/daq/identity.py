"""Ids of jobs may hold any characters; names of files, rings and sockets made from them may not."""

from hashlib import blake2b
from urllib.parse import quote

LONGEST_NAME = 80


def safe_name(identity: str) -> str:
    """Return a name of [A-Za-z0-9_.~%-] that is unique for `identity` and valid in any directory.

    Distinct ids give distinct names: percent-encoding is one to one, an encoding that is too long or
    begins with a dot is shortened to its beginning and 128 bits of its BLAKE2 digest.
    """
    encoded = quote(identity, safe="")
    if 0 < len(encoded) <= LONGEST_NAME and not encoded.startswith(".") and "~" not in encoded:
        return encoded
    digest = blake2b(identity.encode(), digest_size=16).hexdigest()
    return f"{encoded.lstrip('.')[: LONGEST_NAME - 33]}~{digest}"
