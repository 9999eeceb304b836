"""A file that left quarantine and a group that got what it lacked are no trouble any more."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.orchestration.quarantined import tell_quarantined
from dsa_hcal_assets.orchestration.radio.alerts import tell_stale
from dsa_hcal_assets.radio.ingest.completeness import decide_overdue
from dsa_hcal_assets.watch.mended import close_mended
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def titles(installation):
    """Close what is mended; what is open then."""

    def titles():
        close_mended(installation.database)
        return [entry.alert.title for entry in open_alerts(installation.database)]

    return titles


def test_a_file_is_trouble_while_it_is_in_quarantine(installation, titles):
    place = installation.settings.incoming / "rig"
    place.mkdir(parents=True)
    for name in ("one.csv", "two.csv"):
        (place / name).write_text(name)
        installation.ledger.quarantine_arrival(
            "rig", place / name, BadInput(f"{name} has no column pressure")
        )
    tell_quarantined(installation, "rig")
    assert len(titles()) == 2
    first, _ = sorted(installation.ledger.quarantined(), key=lambda arrival: arrival.name)
    installation.ledger.release(first.arrival_id)
    (left,) = titles()
    assert "two.csv" in left


def test_a_group_is_trouble_until_its_late_subbands_come(installation, titles, tmp_path):
    site = Site(tmp_path, installation.database)
    key = site.land(12, range(14), now=utc_now() - timedelta(hours=25))
    tell_stale(installation, decide_overdue(installation.database, installation.settings.radio, utc_now()))
    assert titles() == [f"group {key} is incomplete: 14 of 16 subbands"]
    site.land(12, [14, 15])
    assert titles() == []
