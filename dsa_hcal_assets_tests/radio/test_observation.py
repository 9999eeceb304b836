"""What the stages after ingest learn of a group, from remembered header facts alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.matching import transit_after
from dsa_hcal_assets.radio.calibration.standards import load_standards
from dsa_hcal_assets.radio.ingest.groups import Subband
from dsa_hcal_assets.radio.ingest.header import UNIX_EPOCH_JD
from dsa_hcal_assets.radio.observation import FILE_NAME, Centre, Observation, SubbandFile, describe
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.ingest import test_quality as known

DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
SOURCES = {source.name: source for source in load_standards()}
LONGITUDE = -118.2830
SPAN = timedelta(seconds=23 * 12.884901888)


def jd(moment: datetime) -> float:
    return UNIX_EPOCH_JD + moment.timestamp() / 86400


def group(start: datetime, declination_deg: float | None, count: int = 16) -> list[Subband]:
    """The subbands of a group that begins at `start` and points to an apparent declination."""
    facts = {
        "first_jd": jd(start),
        "last_jd": jd(start + SPAN),
        "declination_rad": None if declination_deg is None else declination_deg * 3.141592653589793 / 180,
    }
    found = []
    for number in range(count):
        one = known.subband(number, **facts)
        arrival = replace(one.arrival, path=Path(f"/incoming/sb{number:02d}.hdf5"), digest=f"digest {number}")
        found.append(replace(one, arrival=arrival))
    return found


def transit(name: str) -> tuple[datetime, float]:
    return transit_after(SOURCES[name], datetime(2025, 6, 5, tzinfo=UTC), LONGITUDE)


def test_files_are_listed_with_number_path_and_identity():
    made = describe("key", group(datetime(2025, 6, 5, 12, tzinfo=UTC), 10.0), DSA)
    assert (made.group, made.profile, len(made.files)) == ("key", "dsa110", 16)
    assert made.files[3] == SubbandFile(number=3, path=Path("/incoming/sb03.hdf5"), digest="digest 3")


def test_it_spans_the_first_to_the_last_integration():
    start = datetime(2025, 6, 5, 12, 0, 7, tzinfo=UTC)
    made = describe("key", group(start, 10.0), DSA)
    assert made.start == start
    assert abs(made.end - made.start - SPAN) < timedelta(milliseconds=1)
    assert made.pointing_dec_deg == pytest.approx(10.0)


@pytest.mark.parametrize("name", ["3C48", "3C147", "3C286"])
def test_the_calibrator_that_crosses_the_pointing_meanwhile_is_the_centre(name):
    moment, declination = transit(name)
    made = describe("key", group(moment - SPAN / 2, declination), DSA)
    source = SOURCES[name]
    assert made.centre == Centre(name=name, ra_deg=source.ra_deg, dec_deg=source.dec_deg)


@settings(max_examples=20, deadline=None)
@given(share=st.floats(-2, 3), north=st.floats(-2, 2))
def test_it_is_the_centre_only_within_span_and_radius(share, north):
    """`share` of the span after its start, `north` of the pointing in deg: the profile's radius is 1."""
    moment, declination = transit("3C286")
    made = describe("key", group(moment - share * SPAN, declination - north), DSA)
    edge = min(abs(share), abs(share - 1), abs(abs(north) - 1))
    if edge > 0.01:
        assert (made.centre is not None) == (0 < share < 1 and abs(north) < 1)


def test_without_a_calibrator_there_is_no_centre():
    moment, _ = transit("3C286")
    assert describe("key", group(moment - SPAN / 2, -20.0), DSA).centre is None


def test_without_a_pointing_there_is_neither_declination_nor_centre():
    moment, _ = transit("3C286")
    made = describe("key", group(moment - SPAN / 2, None), DSA)
    assert (made.pointing_dec_deg, made.centre) == (None, None)


def test_data_phased_to_fields_keep_them():
    moment, declination = transit("3C286")
    assert describe("key", group(moment - SPAN / 2, declination), VLA).centre is None


def test_an_incomplete_group_can_be_described():
    made = describe("key", group(datetime(2025, 6, 5, 12, tzinfo=UTC), 10.0, count=1), DSA)
    assert [one.number for one in made.files] == [0]


def test_a_group_without_subbands_is_refused_with_a_remedy():
    with pytest.raises(BadInput, match="group key has no accepted subband") as caught:
        describe("key", [], DSA)
    assert "quarantine" in str(caught.value.remedy)


@pytest.mark.parametrize("declination", [10.0, None])
def test_the_record_comes_back_as_it_was_saved(tmp_path, declination):
    made = describe("key", group(datetime(2025, 6, 5, 12, tzinfo=UTC), declination), DSA)
    assert made.save(tmp_path) == tmp_path / FILE_NAME
    assert Observation.load(tmp_path) == made


def test_a_record_of_another_form_is_refused(tmp_path):
    made = describe("key", group(datetime(2025, 6, 5, 12, tzinfo=UTC), 10.0), DSA)
    path = made.save(tmp_path)
    path.write_text(path.read_text().replace('"profile"', '"telescope"'))
    with pytest.raises(ValidationError):
        Observation.load(tmp_path)
