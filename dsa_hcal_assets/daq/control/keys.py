"""Keys of remote control: the supervisor's own, and one for every operator who may order.

`<run_dir>/control` holds the supervisor's pair and `peers/<operator>.key`; `<run_dir>/control/local` the
pair of the operator `local`: whoever may read the supervisor's own files.
"""

from pathlib import Path
from urllib.parse import unquote

from dsa_hcal_assets.daq.federation.keys import (
    KeyInvalid,
    KeyMissing,
    KeyPair,
    allow,
    ensure_keys,
    own_keys,
    public_key,
)

LOCAL_OPERATOR = "local"


def control_directory(run_dir: Path) -> Path:
    """Return the directory of the keys of remote control."""
    return run_dir / "control"


def link_directory(run_dir: Path) -> Path:
    """Return the directory of the keys of links, unless the configuration names another."""
    return run_dir / "link-keys"


def server_keys(directory: Path) -> KeyPair:
    """Return the supervisor's key pair; make it, and the local operator's, where there is none."""
    local = directory / LOCAL_OPERATOR
    for place in (directory, local):
        ensure_keys(place)
    allow(directory, LOCAL_OPERATOR, local / "own.key")
    return own_keys(directory)


def known_operators(directory: Path) -> dict[bytes, str]:
    """Return the operators who may order now: public key (Z85) to name."""
    found: dict[bytes, str] = {}
    for path in sorted((directory / "peers").glob("*.key")):
        try:
            found[public_key(path)] = unquote(path.stem)
        except (KeyMissing, KeyInvalid):
            # removed meanwhile, or not a key: nobody gets in by it
            continue
    return found
