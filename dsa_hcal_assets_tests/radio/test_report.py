"""The group's report holds every stage, its verdicts and pictures, in one file."""

from pathlib import Path

import pytest

from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Level, Verdict
from dsa_hcal_assets.radio.report import StageResult, render_group_report

PNG = b"\x89PNG\r\n\x1a\npicture"
SET = {
    "flux_densities": [
        {"field": "1445+099", "jy": 2.527, "error_jy": 0.002, "apparent_jy": 2.527, "origin": "transfer"}
    ],
    "tables": [{"kind": "bandpass", "file": "bandpass.cal", "valid_from": "a", "valid_until": "b"}],
    "reference_antenna": "VA02",
}
IMAGE = {
    "rms": 0.00088,
    "expected_noise": 0.00062,
    "peak": 0.088,
    "peak_fit_jy": 0.089,
    "beam_major_arcsec": 50.3,
    "beam_minor_arcsec": 48.0,
    "channels": "4~6;50~59",
    "known": [
        {
            "source": {"name": "3C286", "jy": 15.0},
            "fit": {"flux_jy": 14.9},
            "flux_ratio": 0.993,
            "offset_arcsec": 0.02,
        }
    ],
}


@pytest.fixture
def stages(tmp_path: Path) -> list[StageResult]:
    picture = tmp_path / "flags.png"
    picture.write_bytes(PNG)
    failed = Verdict("flags", "flagged_fraction", 0.9, Level.FAIL, blocking=True, limit="fail > 0.7")
    figures = [
        {"caption": "what was flagged", "path": str(picture)},
        {"caption": "gone", "path": str(tmp_path / "gone.png")},
    ]
    return [
        StageResult("measurement_set", [], figures=[Figure("uv coverage", PNG)]),
        StageResult(
            "flags", [failed], {"figures": figures, "steps": {"MAD clip": 0.02}}, {"mad_sigma": 7}, 3.2
        ),
        StageResult("calibration_tables", [], {"set": SET}),
        StageResult("continuum_image", [], {"fields": {"N5921_2": IMAGE}}, product="continuum_image/g/v0001"),
    ]


@pytest.fixture
def html(stages: list[StageResult]) -> str:
    return render_group_report("1995-04-13T09:18:31", "vla", stages, {"run_id": "abc"})


@pytest.mark.parametrize(
    "said",
    [
        "1995-04-13T09:18:31",
        "Flagging",
        "flagged_fraction",
        "what was flagged",
        "uv coverage",
        "MAD clip",
        "mad_sigma",
        "1445+099",
        "VA02",
        "4~6;50~59",
        "3C286",
        "continuum_image/g/v0001",
        "abc",
    ],
)
def test_the_report_tells_everything(html: str, said: str) -> None:
    assert said in html


def test_it_needs_no_network(html: str) -> None:
    assert "data:image/png;base64" in html
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_a_missing_picture_does_not_cost_the_report(html: str) -> None:
    assert "gone" not in html


def test_names_from_data_are_escaped() -> None:
    evil = {"fields": {"<script>alert(1)</script>": IMAGE}}
    html = render_group_report("g", "vla", [StageResult("continuum_image", [], evil)], {})
    assert "<script>alert(1)" not in html


def test_parameters_and_times_are_written_for_people() -> None:
    parameters = {"fields": ["3C286*", "N5921"], "clip": None, "extend": True, "channels": {"N*": "4~6"}}
    table = {"kind": "gain", "file": "g", "valid_from": "1995-04-12T10:02:30.998966Z", "valid_until": "?"}
    stage = StageResult("calibration_tables", [], {"set": SET | {"tables": [table]}}, parameters)
    html = render_group_report("g", "vla", [stage], {})
    for said in ("3C286*, N5921", "not set", "yes", "N*: 4~6", "1995-04-12 10:02:30<", ">?<"):
        assert said in html


def test_the_lineage_is_told_and_can_be_followed_where_dagster_is() -> None:
    stage = StageResult(
        "flags", [], product="flags/g/v0001", inputs=["measurement_set/g/v0002"], run_id="run-7"
    )
    offline = render_group_report("g", "vla", [stage], {})
    linked = render_group_report("g", "vla", [stage], {}, "http://127.0.0.1:3110/")
    for said in ("flags/g/v0001", "measurement_set/g/v0002", "run-7"):
        assert said in offline
        assert said in linked
    assert "http://" not in offline
    assert 'href="http://127.0.0.1:3110/runs/run-7"' in linked
    assert 'href="http://127.0.0.1:3110/assets/flags?view=lineage&amp;partition=g"' in linked


def test_timings_are_told_step_by_step() -> None:
    converted = StageResult("measurement_set", [], {"conversion": {"seconds": {"load": 1.25}}}, seconds=9.5)
    looked = StageResult("quicklook_image", [], {"elapsed": {"imaged": 17.5}})
    html = render_group_report("g", "dsa110", [converted, looked], {})
    for said in ("load", "1.25", "9.5", "Quick look", "imaged", "17.5"):
        assert said in html
