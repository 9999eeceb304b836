"""Worker entry point: compute the flag product of a Measurement Set."""

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.radio.flagging.figures import write_figures
from dsa_hcal_assets.radio.flagging.passes import flag
from dsa_hcal_assets.radio.flagging.statistics import Statistics
from dsa_hcal_assets.radio.flagging.steps import Step
from dsa_hcal_assets.radio.flagging.visibilities import antenna_names
from dsa_hcal_assets.radio.profiles.model import Profile

# the steps that find interference
INTERFERENCE = (Step.CLIP, Step.SEARCH, Step.MAD, Step.EXTENSION)


def compute_flags(
    ms: str, profile: Mapping[str, Any], out_dir: str, scratch: str | None = None
) -> dict[str, Any]:
    """Flag a Measurement Set and write the flag product; the set itself is only read.

    The steps and their order are those of `passes`. Needs CASA in this process when the profile asks
    for tfcrop.

    Parameters
    ----------
    ms
        Published Measurement Set.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives ``flags.npz``, ``statistics.json`` and figures.
    scratch
        Room for a working copy where the search needs one (default: the system's temporary directory).

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
        flags, statistics = flag(source, limits, Path(room))
    stored = flags.save(target)
    names = antenna_names(source)
    _write_statistics(statistics, names, target)
    return {
        "flags": str(stored),
        "metrics": _metrics(statistics, names),
        "figures": write_figures(statistics, names, target / "figures"),
        "steps": statistics.step_fractions(),
    }


def _metrics(statistics: Statistics, names: list[str]) -> list[dict[str, Any]]:
    shares = statistics.step_fractions()
    interference = sum(shares.get(step.title, 0.0) for step in INTERFERENCE)
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
            "value": interference,
            "detail": ", ".join(f"{step.title} {shares.get(step.title, 0.0):.2%}" for step in INTERFERENCE),
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
