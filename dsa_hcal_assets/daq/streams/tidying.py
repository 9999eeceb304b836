"""Removing epochs that every reader has left behind."""

import shutil

from dsa_hcal_assets.daq.streams.epoch_reader import EpochReader
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.registry import cursors, slowest


def tidy(files: StreamFiles, *, keep_newest: bool = True) -> list[int]:
    """Remove the epochs of which every message has been acknowledged; return them.

    The newest one is its writer's and stays, unless it is known that there is none. Call it while the
    stream is locked.
    """
    reached = slowest(cursors(files))
    epochs = files.epochs()
    removed = []
    for epoch in epochs[:-1] if keep_newest else epochs:
        if reached.epoch < epoch:
            break
        if reached.epoch == epoch and reached.sequence < EpochReader(files, epoch).last:
            break
        remove_epoch(files, epoch)
        removed.append(epoch)
    return removed


def remove_epoch(files: StreamFiles, epoch: int) -> None:
    """Remove all that is kept of `epoch`; who has it mapped keeps it until he lets go."""
    files.ring_in_memory(epoch).unlink(missing_ok=True)
    shutil.rmtree(files.epoch_directory(epoch), ignore_errors=True)
