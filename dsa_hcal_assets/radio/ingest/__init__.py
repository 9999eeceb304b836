"""Correlator files that landed: what they are, which group they belong to, what is still missing.

Belongs here: reading UVH5 headers (`uvh5` with `datasets`, `phase_centres` and `header_checks`; summed up
in `header`; in a child process: `child`), taking files into the ledger (`scan`), observation groups and
their states (`groups`), and the numbers behind the gate of a complete group (`quality`). Not here:
visibilities; those are read by ``conversion``.
"""
