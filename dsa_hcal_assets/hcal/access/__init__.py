"""Detector state for analysis: towers x time as numpy, pandas and Arrow.

Belongs here: choosing towers, reading histories and bringing them to common times. Not here: the state
valid at one time (conditions/) and what reports show (readers.py).

    from dsa_hcal_assets.hcal import access

    chosen = access.towers(detector="OHCal", sector=8, half="N")
    history = access.read(database, "temperature", chosen, start, end)
    history.on_grid(timedelta(hours=1)).to_pandas()
"""

from dsa_hcal_assets.hcal.access.history import History
from dsa_hcal_assets.hcal.access.reading import read, read_means
from dsa_hcal_assets.hcal.access.rolled_up import read_rollup
from dsa_hcal_assets.hcal.access.selection import towers

__all__ = ["History", "read", "read_means", "read_rollup", "towers"]
