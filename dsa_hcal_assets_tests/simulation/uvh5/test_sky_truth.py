"""Where the sky is: phases and beam against formulas written down independently, along the drift."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time

from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_groups
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, STRIP_CELLS, airy_power, strip_cell
from dsa_hcal_assets_tests.simulation.uvh5.written import DSA, Written

C = 299792458.0
SETUP = GroupSetup(antennas=7, channels=3, integrations=24, noise=False, field_sources=4, seed=5)
# T-centre as the observatory gives it
SITE = EarthLocation.from_geodetic(
    lon=-2.064427799136453 * units.rad, lat=0.6498455107238486 * units.rad, height=1188.0519 * units.m
)


@pytest.fixture(scope="module", params=[("drift", 0), ("drift", 3), ("zenith", 0)], ids=str)
def written(request, tmp_path_factory) -> Written:
    phase, group = request.param
    return Written(tmp_path_factory.mktemp("sky"), replace(SETUP, phase=phase), [0, 15], group)


def direct(written: Written) -> np.ndarray:
    """Sum over sources of S A exp(2 pi i b.s f / c) from astropy's horizon coordinates alone.

    b (antenna 2 minus 1) and s are taken in the local east, north, up frame: no u, v or w anywhere.
    """
    stations = read_stations(DSA.stations)
    times = Time(written.arrays["times_jd"], format="jd")
    itrf = np.stack([stations[number + 1].itrf_m for number in range(117)])
    baselines = (itrf[written.second] - itrf[written.first]) @ _local_axes().T
    pole, zenith = written.truth["declination_deg"], np.degrees(SITE.lat.rad)
    pointing = _unit(np.zeros(24), np.full(24, 90.0 - (pole - zenith)))
    total = np.zeros((24, len(baselines), len(written.frequencies)), complex)
    for source in written.truth["sources"]:
        place = SkyCoord(source["ra_deg"] * units.deg, source["dec_deg"] * units.deg)
        seen = place.transform_to(AltAz(obstime=times, location=SITE))
        towards = _unit(seen.az.deg, seen.alt.deg)
        x = np.log10(written.frequencies / 1e9)
        flux = 10 ** sum(a * x**i for i, a in enumerate(source["spectrum"]))
        distance = 2 * np.arcsin(np.linalg.norm(towards - pointing, axis=1) / 2)
        stopped = pointing if written.setup.phase == "drift" else 0
        turns = ((towards - stopped) @ baselines.T)[..., None] * written.frequencies / C
        total += (flux * airy_power(distance, written.frequencies, 4.65))[:, None] * np.exp(
            2j * np.pi * turns
        )
    return total


def _local_axes() -> np.ndarray:
    lon, lat = SITE.lon.rad, SITE.lat.rad
    east = [-np.sin(lon), np.cos(lon), 0]
    north = [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
    return np.array([east, north, np.cross(east, north)])


def _unit(azimuth_deg: np.ndarray, altitude_deg: np.ndarray) -> np.ndarray:
    az, alt = np.radians(azimuth_deg), np.radians(altitude_deg)
    return np.stack([np.cos(alt) * np.sin(az), np.cos(alt) * np.cos(az), np.sin(alt)], axis=-1)


def test_every_visibility_is_the_sum_of_its_sources(written):
    expected = direct(written)[:, ~written.autos]
    found = written.sky[:, ~written.autos]
    scale = np.abs(expected).max()
    assert np.abs(found - expected[..., None]).max() < 5e-6 * scale


def test_groups_follow_each_other_without_pause_over_the_same_sky(tmp_path):
    setup = replace(SETUP, integrations=24, antennas=4, channels=1)
    one, two = simulate_groups(tmp_path, DSA, setup, groups=range(2), subbands=[8])
    first, second = (np.load(group.truth.with_suffix(".npz")) for group in (one, two))
    steps = np.diff(np.concatenate([first["times_jd"], second["times_jd"]])) * 86400
    np.testing.assert_allclose(steps, 12.884901888, atol=1e-4)
    np.testing.assert_allclose(
        first["drift"][-1] * first["gains"][:, :, 0], second["drift"][0] * second["gains"][:, :, 0], rtol=0.05
    )
    assert one.key == "2025-06-05T20:37:07"
    assert two.key == "2025-06-05T20:42:16"


def test_the_calibrator_drifts_out_of_the_beam_and_others_come(tmp_path):
    setup = replace(SETUP, antennas=4, channels=1, integrations=24)
    names = []
    for number in (0, 4, 12):
        group = Written(tmp_path, setup, [8], number)
        power = (group.sky[:, group.autos].real - DSA.sefd_jy).mean()
        names.append(({source["name"] for source in group.truth["sources"]}, power))
    assert "3C147" in names[0][0]
    assert names[0][1] > 20
    # 0.84 deg on the sky a group at declination 49.9 deg
    assert "3C147" in names[1][0]
    assert names[1][1] < 5
    assert "3C147" not in names[2][0]
    assert len(names[2][0]) > 4
    assert not names[0][0] & names[2][0]


def test_a_group_is_the_same_alone_and_in_a_row_and_in_one_thread(tmp_path, monkeypatch):
    setup = GroupSetup(antennas=4, channels=2, integrations=3, field_sources=2, interference=("transient",))
    (tmp_path / "row").mkdir()
    (tmp_path / "alone").mkdir()
    row = simulate_groups(tmp_path / "row", DSA, setup, groups=[2, 0, 1], subbands=[3, 4])[2]
    monkeypatch.setattr("dsa_hcal_assets.simulation.uvh5.group.THREADS", 1)
    (alone,) = simulate_groups(tmp_path / "alone", DSA, setup, groups=[2], subbands=[4])
    assert alone.key == row.key
    assert alone.files[0].name == row.files[1].name
    assert alone.files[0].read_bytes() == row.files[1].read_bytes()
    assert alone.truth.read_bytes() == row.truth.read_bytes()


def test_the_strip_closes_and_has_the_spectra_and_fluxes_it_is_said_to_have():
    calibrator = CALIBRATORS["3C286"]
    sources = [one for cell in range(STRIP_CELLS) for one in strip_cell(1, calibrator, cell, 10)]
    assert strip_cell(1, calibrator, STRIP_CELLS, 10) == strip_cell(1, calibrator, 0, 10)
    flux = np.array([one.flux_jy(np.array([1.4e9]))[0] for one in sources])
    assert 0.1 <= flux.min() < flux.max() <= 5
    # N(>S) ~ 1/S between the limits: the median of 1/S is the middle of 1/5 and 1/0.1
    assert np.median(1 / flux) == pytest.approx(5.1, rel=0.05)
    assert np.mean([one.spectrum[1] for one in sources]) == pytest.approx(-0.7, abs=0.02)
    away = (np.array([one.ra_deg for one in sources]) - calibrator.ra_deg) % 360
    assert np.histogram(away, 9, (0, 360))[0] == pytest.approx(310, abs=12)


def test_names_of_short_groups_never_meet(tmp_path: Path):
    setup = GroupSetup(antennas=4, channels=1, integrations=2, noise=False)
    groups = simulate_groups(tmp_path, DSA, setup, groups=range(6), subbands=range(12, 16))
    assert len({path for group in groups for path in group.files}) == 24
