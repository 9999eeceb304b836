"""A real VLA observation as UVH5 subband files: NGC 5921 from the `casadata` package.

The observation (D array, 13 April 1995, HI line at 1.41 GHz; 22,653 records, 63 channels, RR and
LL, fields 1331+305 = 3C286, 1445+099 and N5921_2) is shipped by NRAO as UVFITS. It is cut into
subbands so that it enters the platform the way any correlator's output does.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import ConfigurationError, ProductMissing

# middle of the first integration, UTC; the observation's own stamps are TAI, 29 s later
STAMP = "1995-04-13T09:18:31"
CHANNELS = 63


def ngc5921_uvfits() -> Path:
    """Return the UVFITS file inside the installed `casadata` package.

    Raises
    ------
    ProductMissing
        If the package, or the file in it, is not there.
    """
    from importlib.util import find_spec

    spec = find_spec("casadata")
    if spec is None or spec.origin is None:
        raise ProductMissing("package casadata is not installed", remedy="install the extra [radio]")
    path = Path(spec.origin).parent / "__data__" / "demo" / "NGC5921.fits"
    if not path.is_file():
        raise ProductMissing(f"{path} is not there", remedy="install a casadata that carries demo data")
    return path


def write_ngc5921(
    out_dir: Path, *, subbands: int = 7, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write the observation as UVH5 subbands, sb00 the highest in frequency.

    The same call writes the same bytes. All three fields and the (u, v, w) of the observation stay.
    Time stamps become UTC, as UVH5 defines them: the UVFITS file counts TAI (``TIMSYS = 'IAT'``). It
    states 30 s for every record; those of the galaxy are the minute long by which they follow each other.

    Parameters
    ----------
    out_dir
        Directory that receives ``1995-04-13T09:18:31_sbNN.hdf5``; each appears whole, by rename.
    subbands
        Number of files; has to divide the 63 channels.
    progress
        Called with (files written, files in all).

    Raises
    ------
    ConfigurationError
        If `subbands` does not divide the channels.
    """
    if subbands < 1 or CHANNELS % subbands:
        raise ConfigurationError(
            f"{CHANNELS} channels cannot be cut into {subbands} subbands", expected="a divisor of 63"
        )
    import numpy as np
    from astropy.utils import iers
    from pyuvdata import UVData

    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        # the file's antenna table lacks mounts and feeds; pyuvdata fills them in and says so
        warnings.simplefilter("ignore")
        whole = UVData()
        whole.read(str(ngc5921_uvfits()), file_type="uvfits", run_check=False)
        _to_utc(whole)
        _measure_integrations(whole)
        width = CHANNELS // subbands
        written = []
        for index in range(subbands):
            first = CHANNELS - (index + 1) * width
            part = whole.select(freq_chans=np.arange(first, first + width), inplace=False, run_check=False)
            path = out_dir / f"{STAMP}_sb{index:02d}.hdf5"
            staged = path.with_name(f".{path.name}.part")
            part.write_uvh5(str(staged), clobber=True, run_check=False)
            staged.rename(path)
            written.append(path)
            if progress is not None:
                progress(index + 1, subbands)
    return written


def _to_utc(observation: Any) -> None:
    """Turn the TAI stamps of a pyuvdata object into UTC and renew what follows from them."""
    from astropy.time import Time

    observation.time_array = Time(observation.time_array, format="jd", scale="tai").utc.jd
    observation.timesys = "UTC"
    observation.set_lsts_from_time_array()
    observation._set_app_coords_helper()


def _measure_integrations(observation: Any) -> None:
    """Set the integration time of each field to the distance of its records.

    The target was averaged over two integrations: its records are 60 s apart, have twice the weight and
    0.55 of the variance of the calibrators', but INTTIM was left at 30 s.
    """
    import numpy as np

    for field in np.unique(observation.phase_center_id_array):
        rows = observation.phase_center_id_array == field
        spacing = np.diff(np.unique(observation.time_array[rows])).min() * 86400
        observation.integration_time[rows] = round(float(spacing))  # stamps are rounded to 5 ms
