"""Outlier detection in the time-frequency plane by CASA's tfcrop, run on a working copy."""

from pathlib import Path

import numpy as np

from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.working_copy import working_copy
from dsa_hcal_assets.radio.profiles.processing import Flagging


def tfcrop(ms: Path, flags: FlagSet, limits: Flagging, scratch: Path) -> FlagSet:
    """Return the flags after tfcrop has seen the data of `ms` with `flags` on them.

    Needs CASA in this process; `ms` itself is only read.
    """
    import casatasks

    with working_copy(ms, scratch) as copy:
        flags.apply_to(copy)
        casatasks.flagdata(
            vis=str(copy),
            mode="tfcrop",
            datacolumn="DATA",
            timecutoff=limits.tfcrop_timecutoff,
            freqcutoff=limits.tfcrop_freqcutoff,
            timefit="line",
            freqfit="poly",
            maxnpieces=5,
            winsize=3,
            extendflags=False,
            action="apply",
            flagbackup=False,
        )
        found = FlagSet.of_ms(copy)
    return FlagSet({key: np.asarray(found.masks[key] | mask) for key, mask in flags.masks.items()})
