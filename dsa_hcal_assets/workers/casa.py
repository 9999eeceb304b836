"""How every process of the platform imports CASA: offline, without a home directory.

Call `configure` before the first import of casatools, casatasks or casaconfig.
"""

import os
import tempfile
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.workers.sockets import make_private

SITE_CONFIG = Path(__file__).with_name("casasiteconfig.py")
# what a worker host imports before it serves radio calls
PRELOAD = (
    "casatasks",
    "casacore.tables",
    "h5py",
    "astropy.time",
    "matplotlib.figure",
    "pyuvdata.utils",
    "dsa_hcal_assets.radio.conversion.kernels",
)


def measures_directory() -> Path:
    """Return the measures data shipped by casadata.

    Raises
    ------
    ConfigurationError
        If the package is not installed or carries no data.
    """
    spec = find_spec("casadata")
    remedy = "install the platform with the extra [radio]"
    if spec is None or spec.origin is None:
        raise ConfigurationError("the package casadata is not installed", remedy=remedy)
    directory = Path(spec.origin).parent / "__data__"
    if not (directory / "geodetic").is_dir():
        raise ConfigurationError(f"no measures data in {directory}", expected="geodetic/", remedy=remedy)
    return directory


def available() -> bool:
    """Tell whether CASA and its data are installed (nothing is imported)."""
    return all(find_spec(name) is not None for name in ("casatasks", "casatools", "casadata"))


def cache_directory(base: Path | None = None) -> Path:
    """Return a private, writable directory for what CASA and matplotlib cache.

    Parameters
    ----------
    base
        Directory to keep it in; by default one of this user's below the temporary directory.
    """
    if base is None:
        base = Path(tempfile.gettempdir()) / f"dsa-hcal-{os.getuid()}"
        make_private(base)
    directory = base / "casa-cache"
    make_private(directory)
    return directory


def environment(cache: Path) -> dict[str, str]:
    """Return the variables under which CASA starts with the shipped site configuration."""
    return {
        "CASASITECONFIG": str(SITE_CONFIG),
        "CASA_CACHE_DIR": str(cache),
        "MPLCONFIGDIR": str(cache),
        "MPLBACKEND": "Agg",
    }


def configure(cache: Path | None = None, environ: MutableMapping[str, str] | None = None) -> None:
    """Prepare this process for importing CASA; a second call changes nothing.

    Parameters
    ----------
    cache
        See `cache_directory`.
    environ
        The environment to change (this process's own by default).
    """
    target = os.environ if environ is None else environ
    if target.get("CASASITECONFIG") == str(SITE_CONFIG):
        return
    target.update(environment(cache_directory(cache)))
