"""LED and pedestal runs: from their files to what they say about each tower.

Belongs here: the run file (HDF5, ROOT), its way into the ledger, pulse heights, robust statistics,
PIN diodes, tables and metrics of runs. Not here: what follows for the gain (hcal/corrections/), and
simulated runs (simulation/detector_runs/).
"""
