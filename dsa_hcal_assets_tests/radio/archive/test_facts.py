"""What a set says about itself equals what it was made of."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.radio.archive.facts import SetFacts, read_facts
from dsa_hcal_assets.radio.observation import Observation, describe_set
from dsa_hcal_assets.radio.profiles.loading import load_profiles, match
from dsa_hcal_assets_tests.radio.archive.conftest import PROFILES

DECLINATION = 49.9  # of uvh5_files, apparent


def test_facts_of_the_platforms_own_conversion(tiny_set):
    facts = read_facts(tiny_set)
    assert (facts.rows, facts.integrations, facts.antennas) == (12, 2, 3)
    assert (facts.windows, facts.channels, facts.correlations) == (1, 32, 2)
    assert group_key(facts.first) == "2025-06-05T20:37:07"
    assert facts.last - facts.first == timedelta(milliseconds=12885)
    assert match(PROFILES, facts.telescope).name == "dsa110"
    assert (facts.digest, facts.bytes) == (trees.identify(tiny_set).digest, trees.identify(tiny_set).bytes)
    assert SetFacts.model_validate(facts.model_dump(mode="json")) == facts


def test_the_pointing_of_a_drift_scan_is_found_from_its_meridian_field(tiny_set):
    """The converter wrote ICRS; precession since 2000 alone is 0.04 deg here."""
    assert read_facts(tiny_set).field_dec_deg == pytest.approx(DECLINATION, abs=1 / 3600)


def test_a_tai_stamp_becomes_utc(copy):
    from casacore import tables

    ms = copy("a.ms")
    before = read_facts(ms).first
    with tables.table(str(ms), readonly=False, ack=False) as table:
        table.putcolkeyword("TIME", "MEASINFO", {"type": "epoch", "Ref": "TAI"})
    assert before - read_facts(ms).first == timedelta(seconds=37)  # leap seconds of 2025


def test_a_field_each_integration_has_the_mean_declination(copy):
    """Per-integration meridian fields: as many as there are times, all near the pointing."""
    from casacore import tables

    ms = copy("a.ms")
    one = read_facts(ms)
    with tables.table(str(ms / "FIELD"), readonly=False, ack=False) as table:
        table.copyrows(table)
        table.putcell("PHASE_DIR", 1, table.getcell("PHASE_DIR", 0) + np.array([[5e-5, 1e-4]]))
    facts = read_facts(ms)
    assert len(facts.fields) == 2
    assert facts.field_dec_deg == pytest.approx(one.field_dec_deg + np.degrees(0.5e-4), abs=1e-5)


def test_a_field_in_a_frame_without_a_fixed_meaning_gives_no_declination(copy):
    from casacore import tables

    ms = copy("a.ms")
    with tables.table(str(ms / "FIELD"), readonly=False, ack=False) as table:
        table.putcolkeyword("PHASE_DIR", "MEASINFO", {"type": "direction", "Ref": "AZEL"})
    assert read_facts(ms).field_dec_deg is None


def test_an_observation_described_from_a_set(tiny_set, tmp_path):
    facts, profile = read_facts(tiny_set), PROFILES["dsa110"]
    described = describe_set("2025-06-05T20:37:07", tiny_set, facts, profile)
    assert (described.start, described.end, described.files) == (facts.first, facts.last, ())
    assert described.pointing_dec_deg == facts.field_dec_deg
    assert (described.archived.path, described.archived.pointing) == (tiny_set, "phase centres")
    told = describe_set("2025-06-05T20:37:07", tiny_set, facts, profile, told_dec_deg=50.25)
    assert (told.pointing_dec_deg, told.archived.pointing) == (50.25, "told")
    described.save(tmp_path)
    assert Observation.load(tmp_path) == described


def test_a_telescope_that_tracks_has_no_pointing(tiny_set):
    described = describe_set("k", tiny_set, read_facts(tiny_set), load_profiles()["vla"], 12.0)
    assert (described.pointing_dec_deg, described.archived.pointing, described.centre) == (None, None, None)


def test_facts_of_the_real_vla_observation(vla):
    facts = read_facts(vla.ms)
    assert facts.first == datetime(1995, 4, 13, 9, 18, 31, tzinfo=UTC)
    assert (facts.rows, facts.channels, facts.antennas) == (22653, 63, 27)
    assert [one.name for one in facts.fields] == ["1331+30500002_0", "1445+09900002_0", "N5921_2"]
    assert match(PROFILES, facts.telescope).name == "vla"
