"""Secrets that callers show: a public part that finds the row, and 256 random bits of which we keep a digest.

SHA-256 is the right digest here. A slow hash (argon2, bcrypt) makes guesses of passwords dear; nobody
guesses 256 random bits, and each request would pay for it.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

# Known prefixes: scanners of repositories find a leaked secret by them, and our logs mask it.
TOKEN_PREFIX = "dsahcal"  # noqa: S105 - a prefix
SESSION_PREFIX = "dsahcalsession"
_FORM = re.compile(rf"({TOKEN_PREFIX}|{SESSION_PREFIX})_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True)
class Secret:
    """A token or the content of a cookie: ``<prefix>_<public_id>_<private>``."""

    prefix: str
    public_id: str
    private: str = field(repr=False)

    @classmethod
    def new(cls, prefix: str) -> "Secret":
        """Return a new one."""
        return cls(prefix, secrets.token_hex(6), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "Secret | None":
        """Return what `text` spells; None if it has not the form."""
        found = _FORM.fullmatch(text)
        return cls(*found.groups()) if found else None

    @property
    def text(self) -> str:
        """What the caller shows."""
        return f"{self.prefix}_{self.public_id}_{self.private}"

    @property
    def digest(self) -> bytes:
        """What is kept."""
        return hashlib.sha256(self.private.encode()).digest()

    def is_that_of(self, digest: bytes) -> bool:
        """Tell, in the same time whatever the answer, whether `digest` is this one's."""
        return hmac.compare_digest(self.digest, digest)
