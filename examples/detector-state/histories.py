# %% [markdown]
# # Detector state in a notebook
#
# A notebook in percent format: open it in Jupyter (with jupytext), VS Code or Spyder, or run it as it is. It
# uses the database of the running platform, or that of `DSA_HCAL_DATABASE_URL`, and only reads.

# %%
from contextlib import ExitStack
from datetime import timedelta

import matplotlib.pyplot as plt
import numpy as np

from dsa_hcal_assets.database.access import opened
from dsa_hcal_assets.hcal import access
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.state import valid_state
from dsa_hcal_assets.settings import load_settings

stack = ExitStack()
database = stack.enter_context(opened(load_settings()))
[(newest,)] = database.rows("select max(cycle) from hcal.snapshot")
end, start = newest + timedelta(seconds=1), newest - timedelta(hours=6)

# %% [markdown]
# ## Towers x time
# Choose towers by what people call them, read a quantity, bring it to a grid. A value stands for later times
# up to a maximum age; what is older stays NaN, so a gap never looks like a flat line.

# %%
chosen = access.towers("OHCal", sector=8, half="N")
temperature = access.read(database, "temperature", chosen, start, end)
grid = temperature.on_grid(timedelta(minutes=10), max_age=timedelta(minutes=15)).to_pandas()
print(f"{grid.shape[0]} times x {grid.shape[1]} towers, {grid.isna().mean().mean():.1%} gaps")
grid.describe().loc[["count", "mean", "std"]].T.head()

# %%
figure, axes = plt.subplots(figsize=(8, 3))
grid.plot(ax=axes, legend=False, linewidth=0.8, ylabel="deg C", title="O-08N, tower by tower")

# %% [markdown]
# ## Does leakage follow temperature?
# Two quantities of the same towers have the same cycles, so their arrays line up.

# %%
leakage = access.read(database, "leakage", chosen, start, end)
both = np.isfinite(temperature.values) & np.isfinite(leakage.values)
slope, _ = np.polyfit(temperature.values[both], leakage.values[both], 1)
print(f"leakage changes by {slope:.3g} a deg C")

# %% [markdown]
# ## Long ranges
# Let the database average: means of single towers over steps, or the rollups of half-sectors and sectors.

# %%
hours = access.read_means(database, "bias", chosen, start, end, timedelta(hours=1)).to_pandas()
sectors = access.read_rollup(database, "sector_hour", "temperature", range(64), start, end).to_pandas()

# %% [markdown]
# ## The state that is valid at a time, with corrections and bad channels, as reconstruction gets it

# %%
state = valid_state(database, Calorimeter.OHCAL, newest)
corrected, unusable = state["gain_error"].notna(), state["bad_severity"] == 2
print(f"of {len(state)} towers {corrected.sum()} are corrected, {unusable.sum()} not usable")

# %% [markdown]
# Arrow for everything else (Parquet, Polars, DuckDB): one row a time and tower, missing values null.

# %%
table = temperature.to_arrow()
print(table.schema)
stack.close()
