"""A source of 1 Jy seen by antennas of known gains: what CASA and WSClean make of our set."""

import subprocess

import h5py
import numpy as np
import pytest
from astropy.io import fits

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, phase
from dsa_hcal_assets.radio.conversion.visibilities import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.conversion.writers import write_group
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio import uvh5_files

pytestmark = pytest.mark.radio
DSA = load_profiles()["dsa110"].converting(scratch_columns=True)
CENTRE = PhaseCentre("3C147", 1.4948, 0.87008)
ANTENNAS, CHANNELS, LOST = 8, 2, (0, 6)
# what each antenna multiplies onto the signal, in UVH5's sign of the phase
GAINS = np.linspace(0.7, 1.4, ANTENNAS) * np.exp(1j * np.linspace(-1.5, 2.0, ANTENNAS))


def put_source(path) -> None:
    """Replace the visibilities of a fringe-stopped file by those of 1 Jy at CENTRE."""
    header = read_header(path)
    path_m = phase(header, DSA, CENTRE).delay_m
    turns = path_m[:, None] * header.frequencies_hz / SPEED_OF_LIGHT
    source = GAINS[header.ant1, None] * np.conj(GAINS[header.ant2, None]) * np.exp(2j * np.pi * turns)
    with h5py.File(path, "r+") as file:
        file["Data/visdata"][...] = np.repeat(source[:, :, None], 2, axis=2)
        file["Data/flags"][...] = False
        file["Data/nsamples"][...] = 1.0


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("casa")


@pytest.fixture(scope="module")
def ms(home):
    """A drift scan that has lost two subbands, as one window with scratch columns."""
    numbers = [number for number in range(16) if number not in LOST]
    files = uvh5_files.write_group(home, numbers, antennas=ANTENNAS, channels=CHANNELS)
    for path in files:
        put_source(path)
    write_group(files, home / "a.ms", DSA, phase_centre=CENTRE)
    return home / "a.ms"


@pytest.fixture(scope="module")
def seen(ms, home, worker_host):
    """What CASA's tasks found, in a worker process, once."""
    return WorkerClient(worker_host.address()).call(
        "dsa_hcal_assets_tests.radio.conversion.casa_jobs:through_casa",
        {"ms": str(ms), "home": str(home)},
        wall_seconds=200,
        log=home / "casa.log",
    )


def test_listobs_names_the_field_the_window_and_the_telescope(seen):
    assert seen["listed"]["field"] == "3C147"
    assert seen["listed"]["fields"] == 1
    assert "OVRO_MMA" in seen["text"]
    assert "SpwID" in seen["text"]


def test_flagdata_counts_the_lost_subbands_and_nothing_else(seen):
    rows = 3 * ANTENNAS * (ANTENNAS + 1) // 2
    assert seen["flagged"]["total"] == rows * 16 * CHANNELS * 2
    assert seen["flagged"]["flagged"] == rows * len(LOST) * CHANNELS * 2


def test_gaincal_recovers_the_gains_against_our_model_column(seen):
    found = np.full(ANTENNAS, np.nan + 0j)
    for one in seen["gains"]:
        found[one["antenna"]] = complex(one["real"], one["imag"])
    # CASA's phases turn the other way: its visibilities are the conjugates of UVH5's
    truth = np.conj(GAINS * np.exp(-1j * np.angle(GAINS[0])))
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-4)


def test_tclean_shows_the_source_at_the_phase_centre(seen):
    assert seen["peak"]["jy"] == pytest.approx(1, abs=1e-3)
    assert seen["peak"]["at"] == [64, 64]


@pytest.mark.wsclean
def test_wsclean_shows_the_source_at_the_phase_centre(seen, ms, home):
    command = ["wsclean", "-name", str(home / "wsclean"), "-size", "128", "128", "-scale", "5asec"]
    command += ["-weight", "natural", "-data-column", "CORRECTED_DATA", "-niter", "0", "-pol", "I"]
    command += ["-no-update-model-required", str(ms)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    plane = np.squeeze(fits.getdata(home / "wsclean-image.fits"))
    assert plane.max() == pytest.approx(1, abs=1e-3)
    assert np.unravel_index(plane.argmax(), plane.shape) == (64, 64)
