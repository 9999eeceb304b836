"""Where the unix sockets of a state directory live.

An address holds at most about 107 bytes, state directories may be deep: when the natural place
is too long, the socket moves to a private directory of this user named after the state directory.
"""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError

# sun_path has 108 bytes on Linux and 104 on macOS, the last one NUL
LONGEST_ADDRESS = 103


def socket_path(state_dir: Path, name: str) -> Path:
    """Return the address of the socket `name` that belongs to a state directory.

    The same arguments give the same answer in every process of the same user; the directory
    exists afterwards and is accessible to this user only.

    Raises
    ------
    ConfigurationError
        If somebody else owns the directory the socket would be in.
    """
    directory = state_dir.absolute() / "sockets"
    if len(os.fsencode(directory / f"{name}.sock")) > LONGEST_ADDRESS:
        digest = hashlib.sha256(os.fsencode(state_dir.absolute())).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"dsa-hcal-{os.getuid()}" / digest
        make_private(directory.parent)
    make_private(directory)
    return directory / f"{name}.sock"


def make_private(directory: Path) -> None:
    """Create a directory only this user can enter, or check that it is one.

    Raises
    ------
    ConfigurationError
        If it is a link or belongs to another user.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if stat.S_ISLNK(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigurationError(
            f"{directory} cannot hold this user's sockets",
            expected=f"a directory owned by user {os.getuid()}",
            found="a symbolic link" if stat.S_ISLNK(found.st_mode) else f"owner {found.st_uid}",
            remedy="remove it or set TMPDIR to a directory of your own",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)
