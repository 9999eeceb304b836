"""Pictures of a day's supplies: bias voltages and currents of the 64 sectors."""

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.mapping.geometry import sector_label
from dsa_hcal_assets.hcal.supplies.supply_map import SECTORS
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure


def bias_figures(channels: pd.DataFrame) -> list[Figure]:
    """Return one figure of the bias channels of `readers.supplies_of_day`; none if there are none."""
    bias = channels[(channels["kind"] == "mpod") & channels["hcal_sector"].notna()]
    if bias.empty:
        return []
    sectors = bias["hcal_sector"].to_numpy(dtype=int)
    picture = figures.figure(10, 4.4)
    volts, currents = picture.subplots(2, 1, sharex=True)
    volts.vlines(sectors, bias["v_meas_min"], bias["v_meas_max"], color=figures.BLUE, lw=3)
    volts.plot(sectors, bias["v_meas"], "o", color=figures.BLUE, ms=4, label="measured")
    volts.plot(sectors, bias["v_set"], "_", color=figures.ORANGE, ms=9, mew=2, label="set")
    volts.set_ylabel("bias (V)")
    currents.bar(sectors, 1e6 * bias["i_most"], color=figures.GREY, width=0.7, label="highest")
    currents.bar(sectors, 1e6 * bias["i_meas"].abs(), color=figures.BLUE, width=0.7, label="mean")
    currents.set_ylabel("current (uA)")
    for axes in (volts, currents):
        axes.axvline(SECTORS / 2 - 0.5, color=figures.GREY, linewidth=0.8)  # outer, inner
        axes.grid(axis="y", alpha=0.25)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8)
    ticks = np.arange(0, SECTORS, 8)
    currents.set_xticks(ticks, [sector_label(int(sector)) for sector in ticks])
    currents.set_xlim(-1, SECTORS)
    caption = "Bias of the sectors: set, mean and range measured in the day; mean and highest current"
    return [Figure(caption, figures.png(picture))]
