"""Interference found by AOFlagger (a program of its own), run on a working copy."""

from pathlib import Path

from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.working_copy import working_copy
from dsa_hcal_assets.radio.profiles.processing import Flagging
from dsa_hcal_assets.workers.program import run_program


def aoflagger(ms: Path, flags: FlagSet, limits: Flagging, scratch: Path) -> FlagSet:
    """Return `flags` with what AOFlagger's strategy for the telescope finds in `ms`, which is only read.

    It writes flags into its input and needs visibilities and flags in one set: a copy is
    the least it takes, and costs nothing where the file system shares blocks.

    Raises
    ------
    ConfigurationError, ProgramFailed, WorkerCrashed, DeadlineExceeded
        As `run_program`; its last lines are in the message.
    """
    with working_copy(ms, scratch) as copy:
        flags.apply_to(copy)
        run_program(
            ["aoflagger", "-j", "2", str(copy)],
            wall_seconds=limits.search_wall_seconds,
            log=scratch / "aoflagger.log",
            cwd=scratch,
        )
        found = FlagSet.of_ms(copy)
    return FlagSet({key: found.masks[key] | mask for key, mask in flags.masks.items()})
