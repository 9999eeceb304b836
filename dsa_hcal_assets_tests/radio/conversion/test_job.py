"""The conversion as a worker call: JSON in, JSON out."""

import json

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.conversion import job
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets_tests.radio import uvh5_files

pytestmark = pytest.mark.radio
CALIBRATOR = {"name": "3C147", "ra_rad": 1.4948, "dec_rad": 0.87}
TARGET = {"name": "there", "ra_rad": 1.49, "dec_rad": 0.86}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("group")
    made = uvh5_files.write_group(directory, range(2), channels=2, integrations=2, antennas=2)
    return [str(path) for path in made]


def fields(report) -> list[str]:
    return [field["name"] for field in report["fields"]]


def test_choices_take_the_place_of_the_profiles_and_none_leaves_them(files, tmp_path):
    choices = {"spw_layout": "per-subband", "phase_centre": None, "scratch_columns": None}
    report = job.convert(files, str(tmp_path / "a.ms"), "dsa110", CALIBRATOR, choices=choices)
    assert (report["windows"], report["layout"], fields(report)) == (2, "per-subband", ["3C147"])
    assert report["writer"] == "direct"
    assert ConversionReport.from_json(json.loads(json.dumps(report))).as_json() == report


@pytest.mark.parametrize(
    ("policy", "target", "expected"),
    [
        ("calibrator", None, ["3C147"]),
        (None, None, ["3C147"]),
        ("midpoint", None, ["meridian"]),
        ("meridian", None, ["meridian_icrs_t0", "meridian_icrs_t1"]),
        ("meridian", TARGET, ["there"]),
    ],
)
def test_the_calibrator_counts_if_the_policy_says_so_and_a_named_centre_always(
    files, tmp_path, policy, target, expected
):
    report = job.convert(
        files,
        str(tmp_path / "a.ms"),
        "dsa110",
        target,
        calibrator=CALIBRATOR,
        choices={"phase_centre": policy},
    )
    assert fields(report) == expected


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"choices": {"spw_layout": "both"}}, "spw_layout cannot be 'both'"),
        ({"choices": {"phase_centre": "zenith"}}, "phase_centre cannot be 'zenith'"),
        ({"choices": {"layout": "single"}}, "conversion.layout"),
        ({"writer": "fits"}, "there is no writer 'fits'"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_written(files, tmp_path, options, what):
    with pytest.raises(ConfigurationError, match=what):
        job.convert(files, str(tmp_path / "a.ms"), "dsa110", **options)
    assert list(tmp_path.iterdir()) == []
