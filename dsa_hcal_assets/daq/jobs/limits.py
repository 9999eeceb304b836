"""Resource limits, which a process applies to itself: nothing has to run between fork and exec."""

import logging

import psutil

from dsa_hcal_assets.daq.jobs.config import Limits

log = logging.getLogger(__name__)


def apply_limits(limits: Limits) -> None:
    """Hold this process to `limits`; what this system does not have is logged and left out."""
    process = psutil.Process()
    if limits.memory is not None:
        _limit_memory(int(limits.memory))
    if limits.nice:
        _give_way(process, limits.nice)
    if limits.cpus:
        if hasattr(process, "cpu_affinity"):
            process.cpu_affinity(list(limits.cpus))
        else:
            log.warning("this system cannot bind a process to processors; limits.cpus is left out")


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:
        log.warning("this system cannot limit a process's memory; limits.memory is left out")
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _give_way(process: psutil.Process, nice: int) -> None:
    # psutil's constants differ between systems: Windows has classes of priority instead of numbers
    below_normal = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None)
    process.nice(min(19, process.nice() + nice) if below_normal is None else below_normal)
