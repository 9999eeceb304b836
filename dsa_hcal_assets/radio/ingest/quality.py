"""What is measured of a group before it is converted: whether it is whole and belongs together."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.ingest.groups import Subband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.profiles.model import Profile


def measure(subbands: Sequence[Subband], profile: Profile, minimum: int) -> list[Metric]:
    """Return the metrics of stage ``uvh5_group``. Only remembered header facts are used.

    Parameters
    ----------
    minimum
        Subbands without which a group must not go on: all, unless the operator lets fewer do.
    """
    found = {subband.number for subband in subbands}
    missing = [number for number in range(profile.subbands.count) if number not in found]
    gap, overlap = _steps(subbands)
    return [
        Metric("subbands_missing", float(len(missing)), _names(missing)),
        Metric("subbands_below_minimum", float(max(0, minimum - len(found))), f"{minimum} are needed"),
        _differing("times_differing", subbands, lambda header: header.times_digest),
        _differing("antennas_differing", subbands, lambda header: header.antennas_digest),
        _differing("fields_differing", subbands, lambda header: header.fields_digest),
        Metric("band_gap", gap, "between neighbouring subbands"),
        Metric("band_overlap", overlap, "between neighbouring subbands"),
    ]


def _differing(name: str, subbands: Sequence[Subband], value: Callable[[SubbandHeader], str]) -> Metric:
    if not subbands:
        return Metric(name, float("nan"), "no subband")
    values = {subband.number: value(subband.header) for subband in subbands}
    usual, _ = Counter(values.values()).most_common(1)[0]
    odd = [number for number, found in values.items() if found != usual]
    return Metric(name, float(len(odd)), _names(odd))


def _steps(subbands: Sequence[Subband]) -> tuple[float, float]:
    """Largest gap and largest overlap, in channel widths. The hole of a missing subband is no gap."""
    if not subbands:
        return float("nan"), float("nan")
    ascending = sorted(subbands, key=lambda subband: subband.header.low_hz)
    steps = [
        ((upper.header.low_hz - lower.header.high_hz) / lower.header.channel_width_hz - 1, lower, upper)
        for lower, upper in pairwise(ascending)
    ]
    gaps = [step for step, lower, upper in steps if abs(upper.number - lower.number) == 1]
    return max([0.0, *gaps]), max([0.0, *(-step for step, _, _ in steps)])


def _names(numbers: Sequence[int]) -> str:
    return " ".join(f"sb{number:02d}" for number in numbers)
