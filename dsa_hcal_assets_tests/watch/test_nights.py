"""A night is summed up once it is over and quiet, in numbers that follow from its groups."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.settings import load_settings
from dsa_hcal_assets.watch import nights
from dsa_hcal_assets_tests.radio.landed import Site

NIGHT = date(2025, 6, 4)  # noon of 4 June to noon of 5 June, UTC
ENDED = datetime(2025, 6, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LANDED = datetime(2025, 6, 5, 11, 50, tzinfo=UTC)


class Observed(Site):
    """A site whose groups are processed to a report."""

    def whole(self, hour, *, flux_ratio=None, report=True):
        key = self.land(hour, now=LANDED)
        self.load(key)
        self.make(key, "uvh5_group")
        image = self.make(key, "continuum_image", Level.WARN)
        if flux_ratio is not None:
            verdict = Verdict("continuum_image", "flux_ratio", flux_ratio, Level.PASS, False)
            record(self.database, [verdict], product=image, partition=key, run_id="run")
        if report:
            self.make(key, "radio_qa_report")
        return key


@pytest.fixture
def site(tmp_path, database):
    return Observed(tmp_path, database)


def close(database, now, zone="UTC"):
    closed = nights.close_due(database, zone, now, settle=HOUR, wait=6 * HOUR)
    return [(summary.night, first) for summary, first in closed]


def test_groups_verdicts_flux_ratios_and_times_are_those_of_the_night(site, database):
    for hour, ratio in ((1, 0.9), (2, 1.0), (3, 1.3), (13, 7.0)):
        site.whole(hour, flux_ratio=ratio)
    site.whole(4, flux_ratio=float("nan"))
    site.land(5, range(3), now=LANDED)
    site.load(broken := site.land(6, now=LANDED))
    site.make(broken, "uvh5_group", Level.FAIL)

    found = nights.measured(database, NIGHT, "UTC")
    assert (found.completed, found.collecting, found.failed, found.groups) == (4, 1, 1, 6)
    # of each whole group: uvh5_group, image, report; the flux ratios; the gate that stopped the broken one
    assert (found.verdicts_pass, found.verdicts_warn, found.verdicts_fail) == (4 * 2 + 4, 4, 1)
    assert (found.images, found.flux_ratio) == (3, 1.0)
    assert 0 < found.wall_median_seconds <= found.wall_longest_seconds
    assert nights.measured(database, date(2025, 6, 5), "UTC").flux_ratio == 7.0


def test_an_image_made_again_counts_by_its_newest_verdict(site, database):
    key = site.whole(1, flux_ratio=3.0)
    again = site.make(key, "continuum_image")
    verdict = Verdict("continuum_image", "flux_ratio", 1.1, Level.PASS, False)
    record(database, [verdict], product=again, partition=key, run_id="later")
    assert nights.measured(database, NIGHT, "UTC").flux_ratio == 1.1


def test_a_night_without_images_has_no_flux_ratio(site, database):
    site.whole(1)
    found = nights.measured(database, NIGHT, "UTC")
    assert (found.images, found.flux_ratio) == (0, None)
    assert "no image was compared" in found.told().message


def test_a_night_is_closed_once_after_its_end_and_its_last_file(site, database):
    site.whole(1, flux_ratio=1.02)
    assert close(database, ENDED + HOUR / 2) == []
    assert nights.summary(database, NIGHT) is None
    assert close(database, ENDED + HOUR) == [(NIGHT, True)]
    assert close(database, ENDED + 2 * HOUR) == []
    assert nights.summary(database, NIGHT) == nights.measured(database, NIGHT, "UTC")


def test_it_waits_for_groups_at_work_but_not_for_ever(site, database):
    site.whole(1, report=False)
    assert close(database, ENDED + 2 * HOUR) == []
    assert close(database, ENDED + 7 * HOUR) == [(NIGHT, True)]
    assert nights.summary(database, NIGHT).in_progress == 1


def test_what_arrives_later_is_summed_up_anew_but_not_told_anew(site, database):
    site.whole(1)
    close(database, ENDED + HOUR)
    site.land(2, range(3), now=ENDED + 5 * HOUR)
    assert close(database, ENDED + 5.5 * HOUR) == []
    assert close(database, ENDED + 6 * HOUR) == [(NIGHT, False)]
    assert nights.summary(database, NIGHT).groups == 2


def test_noon_is_that_of_the_zone(site, database):
    start, end = nights.bounds(NIGHT, "America/Los_Angeles")
    assert (start.hour, end - start) == (19, timedelta(days=1))
    assert nights.bounds(date(2025, 3, 8), "America/Los_Angeles")[1].hour == 19
    site.whole(13)  # 06:00 there: still the night that began on the fourth
    assert close(database, ENDED + 9 * HOUR, "America/Los_Angeles") == [(NIGHT, True)]


def test_the_summary_reads_as_one_alert_of_information(site, database):
    site.whole(1, flux_ratio=1.02)
    alert = nights.measured(database, NIGHT, "UTC").told()
    assert (alert.severity, alert.category, alert.partition) == ("info", "summary", "2025-06-04")
    assert alert.title == "night of 2025-06-04: 1 of 1 groups completed"
    assert "verdicts: 3 pass, 1 warn, 0 fail" in alert.message
    assert "flux ratio: 1.020 (1 images)" in alert.message


def test_a_zone_nobody_knows_is_refused():
    with pytest.raises(ConfigurationError, match="NIGHT_ZONE"):
        load_settings({"DSA_HCAL_WATCH__NIGHT_ZONE": "America/Owens_Valley"})
