"""The command line `dsa-hcal`.

Belongs here: arguments in, one domain call, text out, exit codes. Not here: work. Commands are
imported when they are called, so `dsa-hcal --help` needs neither Dagster nor CASA.
"""

from dsa_hcal_assets.cli.main import main

__all__ = ["main"]
