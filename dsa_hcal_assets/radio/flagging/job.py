"""Worker entry point: compute the flag product of a Measurement Set."""

import json
import logging
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging import steps
from dsa_hcal_assets.radio.flagging.figures import write_figures
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.statistics import Statistics
from dsa_hcal_assets.radio.flagging.tfcrop import tfcrop
from dsa_hcal_assets.radio.flagging.visibilities import Window, antenna_names, windows
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.processing import Flagging

log = logging.getLogger(__name__)

Reasons = dict[str, NDArray[np.bool_]]


def compute_flags(
    ms: str, profile: Mapping[str, Any], out_dir: str, scratch: str | None = None
) -> dict[str, Any]:
    """Flag a Measurement Set and write the flag product; the set itself is only read.

    Order: exact zeros, edges and scan starts, autocorrelations, amplitude clip, dead antennas,
    tfcrop, MAD clip, extension. Runs in a worker: needs CASA when the profile asks for tfcrop.

    Parameters
    ----------
    ms
        Published Measurement Set.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives ``flags.npz``, ``statistics.json`` and figures.
    scratch
        Room for CASA's working copy (default: the system's temporary directory).

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}], ``figures`` [{caption, path}], ``steps`` {step: share},
        ``flags`` (path).
    """
    limits = Profile.model_validate(profile).flagging
    source, target = Path(ms), Path(out_dir)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flags-", dir=scratch) as room:
        flags, statistics = _flag(source, limits, Path(room))
    stored = flags.save(target)
    names = antenna_names(source)
    _write_statistics(statistics, names, target)
    return {
        "flags": str(stored),
        "metrics": _metrics(statistics, names),
        "figures": write_figures(statistics, names, target / "figures"),
        "steps": statistics.step_fractions(),
    }


def _flag(ms: Path, limits: Flagging, scratch: Path) -> tuple[FlagSet, Statistics]:
    statistics = Statistics()
    reasons: dict[int, Reasons] = {}
    early: dict[int, NDArray[np.bool_]] = {}
    for window in windows(ms):
        early[window.description], reasons[window.description] = _before_search(window, limits, statistics)
    searched = tfcrop(ms, FlagSet(early), limits, scratch).masks if limits.tfcrop else early
    masks = {}
    for window in windows(ms):
        key = window.description
        masks[key] = _after_search(window, early[key], searched[key], reasons[key], limits)
        statistics.add(window, masks[key], reasons.pop(key))
    return FlagSet(masks), statistics


def _before_search(
    window: Window, limits: Flagging, statistics: Statistics
) -> tuple[NDArray[np.bool_], Reasons]:
    """Apply the steps that need no search for interference; returns flags and new flags by step."""
    flag, reasons = window.flag.copy(), {"conversion": window.flag.copy()}
    if limits.clip_zeros:
        _merge(flag, reasons, "exact zeros", steps.zeros(window))
    if limits.edge_channels:
        _merge(flag, reasons, "edge channels", steps.edge_channels(window, limits.edge_channels))
    if limits.quack_seconds:
        _merge(flag, reasons, "scan start", steps.quack(window, limits.quack_seconds))
    if limits.autocorrelations:
        _merge(flag, reasons, "autocorrelations", steps.autocorrelations(window))
    if limits.clip_max is not None:
        _merge(flag, reasons, "amplitude clip", steps.amplitude_clip(window, limits.clip_max))
    mask, dead = steps.dead_antennas(window, flag, limits.dead_antenna_fraction)
    statistics.dead |= set(dead)
    _merge(flag, reasons, "dead antennas", mask)
    return flag, reasons


def _after_search(
    window: Window,
    early: NDArray[np.bool_],
    searched: NDArray[np.bool_],
    reasons: Reasons,
    limits: Flagging,
) -> NDArray[np.bool_]:
    flag = early.copy()
    if limits.tfcrop:
        _merge(flag, reasons, "tfcrop", searched)
    if limits.mad_sigma is not None:
        _merge(flag, reasons, "MAD clip", steps.mad_clip(window, flag, limits.mad_sigma))
    if limits.extend:
        _merge(flag, reasons, "extension", steps.extend(window, flag & ~early))
    return flag


def _merge(flag: NDArray[np.bool_], reasons: Reasons, step: str, mask: NDArray[np.bool_]) -> None:
    reasons[step] = mask & ~flag
    flag |= mask


def _metrics(statistics: Statistics, names: list[str]) -> list[dict[str, Any]]:
    shares = statistics.step_fractions()
    search = sum(shares.get(step, 0.0) for step in ("tfcrop", "MAD clip", "extension", "amplitude clip"))
    antennas, antenna_share = statistics.antenna.shares()
    channels, channel_share = statistics.frequency.shares()
    worst = names[int(antennas[antenna_share.argmax()])] if antennas.size else "none"
    dead = ", ".join(names[number] for number in sorted(statistics.dead)) or "none"
    kurtosis = [value for value in statistics.kurtosis if math.isfinite(value)]
    return [
        {
            "name": "flagged_fraction",
            "value": statistics.fraction,
            "detail": f"{len(statistics.working_receptors)} working receptors; worst antenna {worst}",
        },
        {
            "name": "interference_fraction",
            "value": search,
            "detail": "amplitude clip, tfcrop, MAD clip, extension",
        },
        {
            "name": "working_antennas",
            "value": float(len(statistics.working_antennas)),
            "detail": f"dead: {dead}",
        },
        {
            "name": "lost_channels_fraction",
            "value": float((channel_share > 0.8).mean()) if channels.size else math.nan,
            "detail": f"more than 80 % flagged, of {channels.size} channels",
        },
        {
            "name": "noise_kurtosis",
            "value": max(kurtosis, default=math.nan),
            "detail": "worst spectral window; 3 is Gaussian noise",
        },
    ]


def _write_statistics(statistics: Statistics, names: list[str], directory: Path) -> None:
    tallies = {
        "frequency_hz": statistics.frequency,
        "time_mjd_s": statistics.time,
        "baseline_m": statistics.length,
    }
    record: dict[str, Any] = {
        "fraction": statistics.fraction,
        "steps": statistics.step_fractions(),
        "dead_antennas": [names[number] for number in sorted(statistics.dead)],
        "antenna": {names[int(n)]: share for n, share in zip(*statistics.antenna.shares(), strict=True)},
    }
    for key, tally in tallies.items():
        keys, shares = tally.shares()
        record[key] = {"at": keys.tolist(), "flagged": shares.tolist()}
    (directory / "statistics.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
