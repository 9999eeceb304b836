"""A judged calibration set enters the registry: used, used with a warning, or on record and never used."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, choose
from dsa_hcal_assets.radio.calibration.sets import history, list_sets
from dsa_hcal_assets_tests.orchestration.radio.conftest import NOON

HOUR = timedelta(hours=1)


def test_a_set_that_passed_is_the_one_for_its_time(solved, installation):
    registered = solved(bandpass_snr=Level.PASS)
    assert (registered.state, registered.qa_level) == ("active", "pass")
    assert choose(installation.database, Need("dsa110", NOON + HOUR)).chosen.set_id == registered.set_id


@pytest.mark.parametrize(
    "levels", [{"bandpass_snr": Level.WARN}, {"largest_delay_only": Level.FAIL}], ids=["warning", "advisory"]
)
def test_what_does_not_block_leaves_a_set_in_use_with_a_warning(solved, levels):
    registered = solved(**levels)
    assert (registered.state, registered.qa_level) == ("active", "warn")


def test_a_set_that_failed_is_on_record_as_retired_and_never_chosen(solved, installation):
    registered = solved(bandpass_snr=Level.FAIL)
    assert (registered.state, registered.qa_level) == ("retired", "fail")
    assert [reason for _, _, reason in history(installation.database, registered.set_id)] == [
        "failed its checks: bandpass_snr"
    ]
    with pytest.raises(NoValidCalibration):
        choose(installation.database, Need("dsa110", NOON))


def test_a_failed_set_leaves_the_earlier_good_one_in_use(solved, installation):
    good = solved(NOON, bandpass_snr=Level.PASS)
    solved(NOON + HOUR, bandpass_snr=Level.FAIL)
    assert choose(installation.database, Need("dsa110", NOON + HOUR)).chosen.set_id == good.set_id


def test_solving_a_group_again_supersedes_its_earlier_set(solved, installation):
    first, second = solved(bandpass_snr=Level.WARN), solved(bandpass_snr=Level.PASS)
    states = {one.set_id: one.state for one in list_sets(installation.database)}
    assert states == {first.set_id: "superseded", second.set_id: "active"}
