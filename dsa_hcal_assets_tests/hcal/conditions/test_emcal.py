"""Conditions of the EMCal's 24,576 towers, held against what its boards said."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import files, making
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.metrics import payload_metrics
from dsa_hcal_assets.hcal.conditions.state import valid_state
from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import DAY, cycle

EMCAL = Calorimeter.EMCAL
HOUR = timedelta(hours=1)


def read(database: Database, number: int) -> pd.DataFrame:
    rows = database.rows(
        "select tower_id, temperature_sipm, temperature_preamp, bias, leakage "
        "from hcal.emcal_reading where ts = %s",
        (cycle(number),),
    )
    names = ["tower_id", "temperature", "temperature_preamp", "bias", "leakage"]
    return pd.DataFrame(rows, columns=names).set_index("tower_id").sort_index()


def test_the_state_is_that_of_the_nearest_reading_of_each_tower(emcal_day: Database) -> None:
    state = valid_state(emcal_day, EMCAL, cycle(0) + timedelta(minutes=1)).set_index("tower_id")
    assert len(state) == 24576
    late = geometry.towers().sector == 40
    first, second = read(emcal_day, 0), read(emcal_day, 1)
    assert set(state.loc[late, "reading_time"]) == {cycle(1).replace(tzinfo=None)}
    assert set(state.loc[late, "age_seconds"]) == {-540.0}
    pd.testing.assert_frame_equal(state.loc[~late, first.columns], first, check_index_type=False)
    expected = second.loc[state.index[late]]
    pd.testing.assert_frame_equal(state.loc[late, first.columns], expected, check_index_type=False)
    assert state["tower_key"].tolist() == geometry.towers().packed_key.tolist()


def test_beyond_the_maximum_age_nothing_is_known(emcal_day: Database) -> None:
    state = valid_state(emcal_day, EMCAL, cycle(5) + 2 * HOUR)
    assert len(state) == 24576
    assert state["temperature"].isna().all()
    assert set(state["status"]) == {1 + 2 + 4}


def test_its_payload_has_the_means_of_the_day(emcal_day: Database, tmp_path: Path) -> None:
    [made] = making.make_files(emcal_day, DAY, tmp_path, max_age=HOUR)
    towers, facts = files.read_root(tmp_path / made.entry.root_file)
    assert (facts.detector, facts.valid_from, facts.valid_until) == (2, cycle(0), cycle(5) + HOUR)
    readings = pd.concat([read(emcal_day, number) for number in (0, 1, 2, 5)])
    means = readings.groupby(level=0).mean()
    np.testing.assert_allclose(towers["temperature"], means["temperature"], rtol=1e-6)
    np.testing.assert_allclose(towers["temperature_preamp"], means["temperature_preamp"], rtol=1e-6)
    assert towers["bias_offset"].isna().all()
    values = {metric.name: metric.value for metric in payload_metrics([made], tmp_path)}
    assert (values["towers_missing"], values["not_one_to_one"], values["files_differing"]) == (0, 0, 0)
