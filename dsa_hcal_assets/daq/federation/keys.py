"""The keys of a link: one secret key, and the public key of every peer that may talk to it.

A directory of keys holds `own.key_secret` (for its owner's eyes only), `own.key` to give away, and
`peers/<id>.key`, as `zmq.auth` writes them. A key added or removed there counts from the next connection.
"""

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.auth

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.errors import ConfigurationError

_OWN = "own"
_PEERS = "peers"
_Z85_LENGTH = 40


class KeyMissing(ConfigurationError):
    """There is no such key file."""


class KeyInvalid(ConfigurationError):
    """A key file holds no CURVE key, or another kind than needed."""


class KeyExposed(ConfigurationError):
    """Other users may read or write the secret key."""


class KeyExists(ConfigurationError):
    """A key pair is already there; a new one would lock this supervisor out of all its peers."""


@dataclass(frozen=True)
class KeyPair:
    """A CURVE key pair, Z85."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public.decode()}, secret=...)"


def generate_keys(directory: Path) -> Path:
    """Make a key pair in `directory` and return the file with the public key, to be given to the peers.

    Raises
    ------
    KeyExists
        If there is one; nothing is changed.
    NotADirectory, DiskFull, WriteFailed
        If the directory cannot be made.
    """
    make_directory(directory / _PEERS)
    secret_path = directory / f"{_OWN}.key_secret"
    if secret_path.exists():
        raise KeyExists(
            f"{secret_path} exists", remedy="delete it, and give all peers the new public key afterwards"
        )
    # mkdtemp's directory is the owner's only, so the secret is never readable under any umask
    staging = Path(tempfile.mkdtemp(dir=directory))
    try:
        public, secret = (Path(name) for name in zmq.auth.create_certificates(staging, _OWN))
        secret.chmod(stat.S_IRUSR | stat.S_IWUSR)
        public.replace(directory / public.name)
        secret.replace(secret_path)
    finally:
        shutil.rmtree(staging)
    return directory / f"{_OWN}.key"


def ensure_keys(directory: Path) -> None:
    """Make a key pair in `directory` unless there is one; raises as `generate_keys`."""
    if not (directory / f"{_OWN}.key_secret").exists():
        generate_keys(directory)


def allow(directory: Path, supervisor: str, certificate: Path) -> Path:
    """Let `supervisor` in with the public key in the file `certificate`; return the copy of it here.

    Raises
    ------
    KeyMissing, KeyInvalid
        If that file holds no public key.
    """
    public_key(certificate)
    make_directory(directory / _PEERS)
    path = _peer_path(directory, supervisor)
    # the file could be the peer's secret one: only its public half is kept here
    path.write_text(f'curve\n    public-key = "{public_key(certificate).decode()}"\n')
    return path


def own_keys(directory: Path) -> KeyPair:
    """Return this supervisor's key pair.

    Raises
    ------
    KeyMissing, KeyInvalid, KeyExposed
        If it cannot be used.
    """
    path = directory / f"{_OWN}.key_secret"
    public, secret = _load(path)
    if secret is None:
        raise KeyInvalid(f"{path} holds no secret key", remedy="generate the keys")
    mode = path.stat().st_mode
    if os.name == "posix" and mode & 0o077:
        raise KeyExposed(
            f"{path} can be read by others", expected="mode 600", found=f"mode {mode & 0o777:o}",
            remedy="chmod 600, or generate new keys if somebody may have read it",
        )  # fmt: skip
    return KeyPair(public, secret)


def peer_key(directory: Path, supervisor: str) -> bytes:
    """Return the public key (Z85) of a peer.

    Raises
    ------
    KeyMissing, KeyInvalid
        If there is none.
    """
    return public_key(_peer_path(directory, supervisor))


def public_key(certificate: Path) -> bytes:
    """Return the public key (Z85) in a file that `zmq.auth` wrote.

    Raises
    ------
    KeyMissing, KeyInvalid
        If there is none.
    """
    return _load(certificate)[0]


def _peer_path(directory: Path, supervisor: str) -> Path:
    return directory / _PEERS / f"{safe_name(supervisor)}.key"


def _load(path: Path) -> tuple[bytes, bytes | None]:
    try:
        public, secret = zmq.auth.load_certificate(path)
    except OSError as error:
        raise KeyMissing(
            f"there is no key {path}", found=str(error), remedy="generate it, or get it from the peer"
        ) from error
    except ValueError as error:
        raise KeyInvalid(f"{path} holds no key", expected="a ZeroMQ certificate") from error
    if any(key is not None and len(key) != _Z85_LENGTH for key in (public, secret)):
        raise KeyInvalid(f"{path} holds no key", expected=f"{_Z85_LENGTH} characters of Z85")
    return public, secret
