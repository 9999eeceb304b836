"""Whether the payloads of a day may be handed out: complete, sane, one-to-one, and the files say the same."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.conditions import files
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.making import Made
from dsa_hcal_assets.quality.verdicts import Metric


def payload_metrics(made: Sequence[Made], place: Path) -> list[Metric]:
    """Return the metrics of stage `conditions_payload`; each tells the worst of all payloads.

    Parameters
    ----------
    place
        Where the files lie; both are read back.
    """
    return [
        Metric("payloads", len(made)),
        _worst("towers_missing", made, _towers_missing),
        _worst("not_one_to_one", made, _not_one_to_one),
        _worst("files_differing", made, lambda one: _files_differing(one, place)),
        _worst("coverage", made, lambda one: float(one.towers["temperature"].notna().mean()), lowest=True),
        _worst("temperature_lowest", made, lambda one: _least(one.towers["temperature"]), lowest=True),
        _worst("temperature_highest", made, lambda one: -_least(-one.towers["temperature"])),
        _worst("gain_lowest", made, lambda one: _least(one.towers["gain"]), lowest=True),
        _worst("gain_highest", made, lambda one: -_least(-one.towers["gain"])),
        _worst("not_corrected", made, lambda one: float(one.towers["gain_error"].isna().mean())),
        _worst("bad_share", made, lambda one: float((one.towers["bad_severity"] == 2).mean())),
    ]


def _worst(
    name: str, made: Sequence[Made], measure: Callable[[Made], float], *, lowest: bool = False
) -> Metric:
    values = np.array([measure(one) for one in made])
    if not np.isfinite(values).any():
        return Metric(name, math.nan)
    place = int(np.nanargmin(values) if lowest else np.nanargmax(values))
    return Metric(name, float(values[place]), made[place].facts.stem)


def _towers_missing(one: Made) -> float:
    calorimeter = Calorimeter(one.facts.detector)
    expected = calorimeter.first_tower_id + np.arange(calorimeter.towers)
    return float(np.setdiff1d(expected, one.towers["tower_id"]).size)


def _not_one_to_one(one: Made) -> float:
    """Return how many rows share a number, key or place with another, or whose key is not their place's."""
    towers = one.towers
    shared = (
        towers["tower_id"].duplicated()
        | towers["tower_key"].duplicated()
        | towers.duplicated(["ieta", "iphi"])
    )
    # as reconstruction packs it, for any of the detectors
    misplaced = towers["tower_key"].to_numpy() != towers["iphi"] + (towers["ieta"].to_numpy() << 16)
    return float((shared | misplaced).sum())


def _files_differing(one: Made, place: Path) -> float:
    """Return how many values read back from the two files are not those that were written."""
    root, root_facts = files.read_root(place / one.entry.root_file)
    parquet, parquet_facts = files.read_parquet(place / one.entry.parquet_file)
    wrong_facts = (root_facts != one.facts) + (parquet_facts != one.facts)
    return float(wrong_facts + _differences(root, one.towers) + _differences(parquet, one.towers))


def _differences(read: pd.DataFrame, written: pd.DataFrame) -> int:
    if read.shape != written.shape:
        return max(read.size, written.size)
    same = (read.to_numpy() == written.to_numpy()) | (read.isna().to_numpy() & written.isna().to_numpy())
    return int((~same).sum())


def _least(values: "pd.Series[float]") -> float:
    return float(values.min()) if values.notna().any() else math.nan
