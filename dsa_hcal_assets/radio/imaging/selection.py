"""Which fields and channels of a calibrated set go into an image, and the set of just these."""

import re
import shutil
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput, ConfigurationError
from dsa_hcal_assets.radio.calibration.fields import Field, fields_with_data
from dsa_hcal_assets.radio.profiles.model import Profile


def fields_to_image(ms: Path, patterns: Sequence[str], most: int) -> list[Field]:
    """Return the fields whose names match, at most `most`.

    Raises
    ------
    BadInput
        If none matches.
    """
    fields = fields_with_data(ms)
    chosen = [field for field in fields if any(fnmatch(field.name, pattern) for pattern in patterns)]
    if not chosen:
        raise BadInput(
            f"no field of {ms.name} is to be imaged",
            expected=f"names like {', '.join(patterns)}",
            found=", ".join(field.name for field in fields),
        )
    return chosen[:most]


def describe_fields(ms: str, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Worker entry point: return ``fields`` [{name, ra_deg, dec_deg}], those a profile images."""
    imaging = Profile.model_validate(profile).imaging
    chosen = fields_to_image(Path(ms), imaging.fields, imaging.max_images)
    return {"fields": [{"name": one.name, "ra_deg": one.ra_deg, "dec_deg": one.dec_deg} for one in chosen]}


def channels_of(field: str, selection: Mapping[str, str]) -> str:
    """Return the channel ranges a profile sets for a field; empty: all."""
    for pattern, ranges in selection.items():
        if fnmatch(field, pattern):
            return ranges
    return ""


def channel_mask(ranges: str, channels: int) -> NDArray[np.bool_]:
    """Return which of `channels` channels are in inclusive ranges such as ``4~6;50~59``; empty: all.

    Raises
    ------
    ConfigurationError
        If the ranges cannot be read or lie outside.
    """
    mask = np.zeros(channels, dtype=bool)
    for part in filter(None, ranges.split(";")):
        found = re.fullmatch(r"\s*(\d+)(?:~(\d+))?\s*", part)
        first = int(found[1]) if found else -1
        last = int(found[2] or found[1]) if found else -1
        if not 0 <= first <= last < channels:
            raise ConfigurationError(
                f"channel range {part!r} is not valid", expected=f"first~last within 0~{channels - 1}"
            )
        mask[first : last + 1] = True
    return mask if ranges.strip() else np.ones(channels, dtype=bool)


def split_field(ms: Path, field: Field, ranges: str, target: Path) -> Path:
    """Write a set of one field with all but the wanted channels flagged; returns it.

    Flags rather than a channel selection: both imagers then see exactly the same data.
    """
    import casatasks
    from casacore.tables import table

    if target.exists():
        shutil.rmtree(target)
    casatasks.split(vis=str(ms), outputvis=str(target), field=str(field.number), datacolumn="data")
    if not (target / "table.dat").is_file():
        raise BadInput(f"field {field.name} could not be split off {ms.name}", remedy="read the worker's log")
    if ranges.strip():
        with table(str(target), readonly=False, ack=False) as main:
            flags = main.getcol("FLAG")
            flags[:, ~channel_mask(ranges, flags.shape[1])] = True
            main.putcol("FLAG", flags)
    return target
