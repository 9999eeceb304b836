"""The data of the demo, made beside the incoming directories and dropped into them by rename."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]
RIG_ROWS = 121  # twelve hours at steps of six minutes


@dataclass(frozen=True)
class Dropped:
    """What was dropped: the radio groups' keys and the rig's day."""

    vla_group: str
    dsa_group: str
    rig_day: str


def drop_vla(scratch: Path, incoming: Path, progress: Progress) -> str:
    """Drop the real VLA observation of NGC 5921 as UVH5 subbands; return the group's key."""
    from dsa_hcal_assets.simulation.vla import write_ngc5921

    files = write_ngc5921(_made(scratch / "vla"), progress=progress)
    _drop(files, incoming / "uvh5")
    return files[0].name.rsplit("_sb", 1)[0]


def drop_dsa(scratch: Path, incoming: Path, progress: Progress) -> str:
    """Drop one simulated DSA-110 group; its truth stays in `scratch`. Return the group's key."""
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.simulation.uvh5.group import simulate_group

    group = simulate_group(_made(scratch / "dsa110"), load_profiles()["dsa110"], progress=progress)
    _drop(group.files, incoming / "uvh5")
    return group.key


def drop_rig(incoming: Path) -> str:
    """Let the rig's acquisition write half a simulated day of readings; return the day."""
    from datetime import timedelta

    from dsa_hcal_assets.clock import day_key, utc_now
    from dsa_hcal_assets.rig.acquisition import acquire
    from dsa_hcal_assets.simulation.rig import simulate

    day = (utc_now() - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    acquire(simulate(day, rows=RIG_ROWS), incoming / "rig")
    return day_key(day)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _drop(files: Iterable[Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for file in files:
        file.rename(directory / file.name)
