"""Which spectral windows a group gets: their channels, and where each subband's channels go.

Subbands are given in ascending order of frequency.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.ingest.errors import InconsistentGroup
from dsa_hcal_assets.radio.ingest.uvh5 import Uvh5Header
from dsa_hcal_assets.radio.profiles.model import Profile, SpwLayout

# largest misfit between neighbouring channels, in channel widths
CONTIGUITY = 0.01


@dataclass(frozen=True)
class Window:
    """A spectral window, ascending: `parts` are subband positions, low to high.

    `offsets` gives the window's channel each part begins at; channels of no part belong to lost
    subbands: they are written as zeros, flagged, with weight 0.
    """

    parts: tuple[int, ...]
    offsets: tuple[int, ...]
    frequencies_hz: NDArray[np.float64]
    widths_hz: NDArray[np.float64]


def frequency_gaps(headers: tuple[Uvh5Header, ...]) -> NDArray[np.float64]:
    """Return how far each subband starts from where the one below ends, in channel widths."""
    lows = np.array([header.frequencies_hz.min() for header in headers])
    highs = np.array([header.frequencies_hz.max() for header in headers])
    widths = np.array([header.channel_widths_hz.mean() for header in headers])
    gaps: NDArray[np.float64] = (lows[1:] - highs[:-1]) / widths[:-1] - 1
    return gaps


def windows_of(headers: tuple[Uvh5Header, ...], profile: Profile, layout: SpwLayout) -> tuple[Window, ...]:
    """Return the windows of subbands `headers`, ascending.

    One window holds the whole band of the profile, whatever subbands were lost, so that tables of
    any group fit any other. With a window a subband there are as many as there are subbands.

    Raises
    ------
    InconsistentGroup
        If subbands overlap, or one window would need channels that no number of lost subbands explains.
    """
    gaps = frequency_gaps(headers)
    if np.any(gaps < -CONTIGUITY):
        worst = int(np.argmin(gaps))
        raise InconsistentGroup(
            f"{headers[worst].path.name} and {headers[worst + 1].path.name} overlap in frequency",
            expected="subbands side by side",
            found=f"{-gaps[worst]:.2f} channels of overlap",
        )
    if layout == "per-subband":
        return tuple(_window(headers, (i,), (0, 0)) for i in range(len(headers)))
    inside = [_channels_of_lost_subbands(gap, header) for gap, header in zip(gaps, headers, strict=False)]
    below, above = _channels_to_band_edges(headers, profile)
    size = len(headers[0].frequencies_hz)
    if len(headers) + (sum(inside) + below + above) / size > profile.subbands.count + CONTIGUITY:
        raise InconsistentGroup(
            f"{headers[0].path.name} to {headers[-1].path.name} span more than a band",
            expected=f"at most {profile.subbands.count} subbands of profile {profile.name}",
            found=f"{len(headers)} subbands with {sum(inside)} channels missing between them",
            remedy="see which subband belongs to another observation and quarantine it",
        )
    return (_window(headers, tuple(range(len(headers))), (below, *inside, above)),)


def _channels_of_lost_subbands(gap: float, below: Uvh5Header) -> int:
    """Return the channels of the subbands lost in a gap; a gap no number of subbands fills is an error."""
    if gap <= CONTIGUITY:
        return 0
    size = len(below.frequencies_hz)
    lost = round(gap / size)
    if lost == 0 or abs(gap - lost * size) > CONTIGUITY:
        raise InconsistentGroup(
            f"a gap of {gap:.2f} channels above {below.path.name}",
            expected=f"none, or as wide as lost subbands of {size} channels",
            remedy="check the frequencies of the headers, or use the layout per-subband",
        )
    return lost * size


def _channels_to_band_edges(headers: tuple[Uvh5Header, ...], profile: Profile) -> tuple[int, int]:
    """Return the channels of subbands lost below and above the others, if they lie on the profile's band."""
    if profile.subbands.band_hz is None:
        return 0, 0
    low, high = profile.subbands.band_hz
    lowest, highest = headers[0], headers[-1]
    size, width = len(lowest.frequencies_hz), float(lowest.channel_widths_hz.mean())
    if abs((high - low) / (profile.subbands.count * width) - size) > CONTIGUITY:
        return 0, 0
    below = (float(lowest.frequencies_hz.min()) - width / 2 - low) / (width * size)
    extent = float(highest.frequencies_hz.max() - lowest.frequencies_hz.min()) + width
    above = profile.subbands.count - round(below) - round(extent / (width * size))
    # a correlator may label a channel by its edge instead of its middle: half a channel off
    if round(below) < 0 or above < 0 or abs(below - round(below)) > min((0.5 + CONTIGUITY) / size, 0.4):
        return 0, 0
    return round(below) * size, above * size


def _window(headers: tuple[Uvh5Header, ...], parts: tuple[int, ...], missing: tuple[int, ...]) -> Window:
    """Join `parts`, with so many channels `missing` below each of them and above the last."""
    frequencies: list[NDArray[np.float64]] = []
    widths: list[NDArray[np.float64]] = []
    offsets, first = [], 0
    for part, lost in zip(parts, missing, strict=False):
        header = headers[part]
        order = np.argsort(header.frequencies_hz)
        own, own_widths = header.frequencies_hz[order], header.channel_widths_hz[order]
        if frequencies:
            frequencies.append(np.linspace(frequencies[-1][-1], own[0], lost + 2)[1:-1])
        else:
            frequencies.append(own[0] + own_widths[0] * np.arange(-lost, 0))
        widths.append(np.full(lost, own_widths[0]))
        offsets.append(first + lost)
        first += lost + len(order)
        frequencies.append(own)
        widths.append(own_widths)
    frequencies.append(own[-1] + own_widths[-1] * np.arange(1, missing[-1] + 1))
    widths.append(np.full(missing[-1], own_widths[-1]))
    return Window(parts, tuple(offsets), np.concatenate(frequencies), np.concatenate(widths))
