"""Which acquisition jobs the platform runs: those of the operator's directory, or what settings ask for."""

import json
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import make_directory, replace_durably
from dsa_hcal_assets.settings import Settings

SUPERVISOR = "platform"
STOP_SECONDS = 25.0
"""Jobs finish the cycle they are in."""
Keys = dict[str, str | int | float]
"""Of a job's file."""


def wanted(settings: Settings) -> bool:
    """Return whether there is anything to acquire."""
    return settings.daq.jobs_dir is not None or bool(_jobs(settings))


def job_directory(settings: Settings) -> Path:
    """Return the directory of job files to run; made from the settings unless the operator has one."""
    if settings.daq.jobs_dir is not None:
        return settings.daq.jobs_dir.absolute()
    directory = settings.state_dir.absolute() / "daq" / "jobs"
    make_directory(directory)
    files: dict[str, Keys] = {"supervisor": {"id": SUPERVISOR}, **_jobs(settings)}
    for leftover in set(directory.glob("*.toml")) - {directory / f"{name}.toml" for name in files}:
        leftover.unlink()
    for name, keys in files.items():
        replace_durably(directory / f"{name}.toml", _toml(keys))
    return directory


def _jobs(settings: Settings) -> dict[str, Keys]:
    jobs: dict[str, Keys] = {}
    hcal, rig = settings.hcal, settings.rig
    if hcal.boards_file is not None:
        jobs["hcal_boards"] = _polling(settings, "hcal_boards", "hcal") | {
            "interval": hcal.poll_seconds,
            "boards_file": str(hcal.boards_file.absolute()),
            "led_cycles": hcal.led_cycles,
            "pin_diode_cycles": hcal.pin_diode_cycles,
            "dac_cycles": hcal.dac_cycles,
        }
    if hcal.supplies_file is not None:
        jobs["hcal_supplies"] = _polling(settings, "hcal_supplies", "supplies") | {
            "interval": hcal.supply_seconds,
            "supplies_file": str(hcal.supplies_file.absolute()),
        }
    if rig.log_file is not None:
        jobs["rig_log"] = {
            "type": "rig_log",
            "id": "rig_log",
            "log_file": str(rig.log_file.absolute()),
            "directory": str(settings.incoming / "rig"),
        }
    return jobs


def _polling(settings: Settings, name: str, source: str) -> Keys:
    """Return what all jobs that poll the detector's devices are told."""
    hcal = settings.hcal
    keys: Keys = {
        "type": name,
        "id": name,
        "directory": str(settings.incoming / source),
        "connect": hcal.connect_seconds,
        "reply": hcal.reply_seconds,
        "board": hcal.board_seconds,
        "unsaved_snapshots": hcal.unsaved_snapshots,
    }
    if hcal.run_number_file is not None:
        keys["run_number_file"] = str(hcal.run_number_file.absolute())
    return keys


def _toml(keys: Keys) -> bytes:
    """Return a flat TOML file; its strings and numbers are written as JSON writes them."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
    return "\n".join(["# made by the platform from its settings at every start", *lines, ""]).encode()
