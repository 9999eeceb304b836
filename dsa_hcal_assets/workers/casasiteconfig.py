"""CASA's site configuration: measures data from the casadata package, no network, no windows.

casaconfig executes this file when the environment variable CASASITECONFIG names it, so it may
only use the standard library and leaves nothing but CASA's own option names of interest behind.
Use `dsa_hcal_assets.workers.casa.configure` rather than setting the variable by hand.
"""

import importlib.util as _importlib_util
import os as _os
import pathlib as _pathlib

_package = _importlib_util.find_spec("casadata")
if _package is None or _package.origin is None:
    raise ImportError("the package casadata is missing; install the platform with the extra [radio]")

measurespath = str(_pathlib.Path(_package.origin).parent / "__data__")
datapath = [measurespath]
measures_auto_update = False
data_auto_update = False
skipnetworkcheck = True
cachedir = _os.environ.get("CASA_CACHE_DIR", "")
# nologfile alone is not honoured: without a name CASA writes casa-<date>.log into the directory it runs in
logfile = _os.environ.get("CASA_LOGFILE", "/dev/null")
nologfile = False
log2term = False
nogui = True
agg = True
casaconfig_verbose = 0
