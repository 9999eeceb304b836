"""A day's bias as a picture, and the supplies' section of the detector's report."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from dsa_hcal_assets.hcal.report.supplies import supply_section
from dsa_hcal_assets.hcal.supplies.pictures import bias_figures
from dsa_hcal_assets.hcal.supplies.readers import supplies_of_day
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, snapshot


@pytest.fixture
def day(database, load):
    load(*(snapshot(number) for number in range(11)))
    return supplies_of_day(database, DAY)


def picture(figure):
    return imread(io.BytesIO(figure.png), format="png")


def test_bias_is_drawn_and_low_voltage_is_not(day):
    [figure] = bias_figures(day)
    [bias_only] = bias_figures(day[day["kind"] == "mpod"])
    assert picture(figure).std() > 0.05
    assert np.array_equal(picture(figure), picture(bias_only))


def test_another_voltage_is_another_picture(day):
    [before] = bias_figures(day)
    day.loc[day["hcal_sector"] == 7, "v_meas"] = 60.0
    [after] = bias_figures(day)
    assert not np.array_equal(picture(before), picture(after))


def test_without_bias_there_is_no_picture(day):
    assert bias_figures(day[day["kind"] != "mpod"]) == []


def test_the_report_shows_the_day(day):
    section = supply_section(day)
    assert "321 channels of 3 crates" in section.text
    assert "64 On" in section.text
    assert [figure.caption for figure in section.figures] == [figure.caption for figure in bias_figures(day)]


def test_the_report_of_a_day_without_readings_says_so(database):
    assert "NO SUPPLY READINGS" in supply_section(supplies_of_day(database, DAY)).text
