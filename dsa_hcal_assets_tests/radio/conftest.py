"""Two observations taken through the whole radio chain once a session: real VLA, simulated DSA-110."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.conversion.group import convert_group
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS
from dsa_hcal_assets.simulation.vla import write_ngc5921
from dsa_hcal_assets.workers.client import WorkerClient

WALL_SECONDS = 280.0
WORKERS = {
    "flags": "dsa_hcal_assets.radio.flagging.job:compute_flags",
    "solve": "dsa_hcal_assets.radio.calibration.job:solve",
    "apply": "dsa_hcal_assets.radio.calibration.job:apply",
    "image": "dsa_hcal_assets.radio.imaging.job:make_images",
}


@dataclass
class Chain:
    """One observation, worked on step by step in worker processes; each step once."""

    home: Path
    ms: Path
    profile: dict[str, Any]
    solving: dict[str, Any]
    imaging: dict[str, Any]
    truth: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Any] = field(default_factory=dict)
    _done: dict[str, Any] = field(default_factory=dict)

    @property
    def flags(self) -> dict[str, Any]:
        return self._once("flags", "flags", {"ms": str(self.ms)})

    @property
    def solutions(self) -> dict[str, Any]:
        inputs = {"ms": str(self.ms), "flags": self.flags["flags"], **self.solving}
        return self._once("solve", "tables", inputs)

    @property
    def applied(self) -> dict[str, Any]:
        _ = self.solutions
        inputs = {"ms": str(self.ms), "flags": self.flags["flags"], "calibration": str(self.home / "tables")}
        return self._once("apply", "calibrated", inputs)

    def image(self, imager: str) -> dict[str, Any]:
        inputs = {"ms": self.applied["ms"], "imager": imager, **self.imaging}
        return self._once("image", imager, inputs)

    def _once(self, step: str, directory: str, arguments: dict[str, Any]) -> Any:
        if directory not in self._done:
            out = self.home / directory
            out.mkdir()
            self._done[directory] = WorkerClient().call(
                WORKERS[step],
                {**arguments, "profile": self.profile, "out_dir": str(out), "scratch": str(self.home)},
                wall_seconds=WALL_SECONDS,
                log=self.home / f"{directory}.log",
            )
        return self._done[directory]


@pytest.fixture(scope="session")
def vla(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """NGC 5921, a real VLA observation, through UVH5 and the platform's own converter."""
    home = tmp_path_factory.mktemp("vla")
    profile = load_profiles()["vla"]
    incoming = home / "incoming"
    incoming.mkdir()
    convert_group(write_ngc5921(incoming), home / "group.ms", profile)
    # C in the field column: sources as NRAO's observation names them
    known = [
        {"name": "3C286", "ra_deg": 202.7845329, "dec_deg": 30.5091550, "jy": 15.01},
        {"name": "1445+099", "ra_deg": 221.3186067, "dec_deg": 9.9766869, "jy": 2.527},
    ]
    facts = {
        "GROUP": "1995-04-13T09:18:31",
        "CALSET": "calibration_tables/v0001",
        "INPUTSUM": "a" * 64,
        "CODEVER": "1.0+test",
    }
    return Chain(
        home,
        home / "group.ms",
        profile.model_dump(mode="json"),
        {"group": "1995-04-13T09:18:31"},
        {"known": known, "facts": facts},
    )


@pytest.fixture(scope="session")
def drift(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A simulated DSA-110 drift scan over 3C147 with five weaker sources, and its truth."""
    return simulated(tmp_path_factory.mktemp("drift"), GroupSetup())


def simulated(home: Path, setup: GroupSetup, layout: Any = None, **changes: Any) -> Chain:
    """Simulate and convert a group; `changes` replace profile values ("calibration.field_model")."""
    profile = load_profiles()["dsa110"]
    incoming = home / "incoming"
    incoming.mkdir()
    group = simulate_group(incoming, profile, setup)
    source = CALIBRATORS[setup.calibrator]
    centre = PhaseCentre(source.name, np.radians(source.ra_deg), np.radians(source.dec_deg))
    convert_group(list(group.files), home / "group.ms", profile, phase_centre=centre, layout=layout)
    truth = json.loads(group.truth.read_text())
    with np.load(group.truth.with_suffix(".npz")) as stored:
        arrays = {name: stored[name] for name in stored.files}
    known = [
        {
            "name": one["name"],
            "ra_deg": one["ra_deg"],
            "dec_deg": one["dec_deg"],
            "jy": calibrator(one).flux_jy(1.405e9),
        }
        for one in truth["sources"]
    ]
    values = profile.model_dump(mode="json")
    for name, value in changes.items():
        section, key = name.split(".")
        values[section][key] = value
    pointing = {"pointing_dec_deg": truth["declination_deg"]}
    size = {"imsize": 1280, "cell_arcsec": 6.0, "niter": 2000, "threshold_jy": 0.002, "uvrange_lambda": 0.0}
    return Chain(
        home,
        home / "group.ms",
        values,
        {"group": group.key, **pointing},
        {"known": known, "overrides": size, **pointing},
        truth,
        arrays,
    )


def calibrator(record: dict[str, Any]) -> Calibrator:
    return Calibrator(record["name"], (), record["ra_deg"], record["dec_deg"], tuple(record["spectrum"]))


Metrics = Callable[[dict[str, Any]], dict[str, float]]


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    """Return the metrics of a worker's result as a mapping."""
    return lambda result: {one["name"]: one["value"] for one in result["metrics"]}
