"""Which acquisition jobs the platform runs: those of the operator's directory, or what settings ask for."""

import json
from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import make_directory, replace_durably
from dsa_hcal_assets.settings import Settings

SUPERVISOR = "platform"
STOP_SECONDS = 25.0
"""Jobs finish the cycle they are in."""


def wanted(settings: Settings) -> bool:
    """Return whether there is anything to acquire."""
    return settings.daq.jobs_dir is not None or bool(_jobs(settings))


def job_directory(settings: Settings) -> Path:
    """Return the directory of job files to run; made from the settings unless the operator has one."""
    if settings.daq.jobs_dir is not None:
        return settings.daq.jobs_dir.absolute()
    directory = settings.state_dir.absolute() / "daq" / "jobs"
    make_directory(directory)
    files = {"supervisor": {"id": SUPERVISOR}} | _jobs(settings)
    for leftover in set(directory.glob("*.toml")) - {directory / f"{name}.toml" for name in files}:
        leftover.unlink()
    for name, keys in files.items():
        replace_durably(directory / f"{name}.toml", _toml(keys))
    return directory


def _jobs(settings: Settings) -> dict[str, dict[str, str | int | float]]:
    jobs: dict[str, dict[str, str | int | float]] = {}
    hcal, rig = settings.hcal, settings.rig
    if hcal.boards_file is not None:
        jobs["hcal_boards"] = {
            "type": "hcal_boards",
            "id": "hcal_boards",
            "interval": hcal.poll_seconds,
            "boards_file": str(hcal.boards_file.absolute()),
            "directory": str(settings.incoming / "hcal"),
            "connect": hcal.connect_seconds,
            "reply": hcal.reply_seconds,
            "board": hcal.board_seconds,
            "led_cycles": hcal.led_cycles,
            "pin_diode_cycles": hcal.pin_diode_cycles,
            "dac_cycles": hcal.dac_cycles,
            "unsaved_snapshots": hcal.unsaved_snapshots,
        }
        if hcal.run_number_file is not None:
            jobs["hcal_boards"]["run_number_file"] = str(hcal.run_number_file.absolute())
    if rig.log_file is not None:
        jobs["rig_log"] = {
            "type": "rig_log",
            "id": "rig_log",
            "log_file": str(rig.log_file.absolute()),
            "directory": str(settings.incoming / "rig"),
        }
    return jobs


def _toml(keys: Mapping[str, str | int | float]) -> bytes:
    """Return a flat TOML file; its strings and numbers are written as JSON writes them."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
    return "\n".join(["# made by the platform from its settings at every start", *lines, ""]).encode()
