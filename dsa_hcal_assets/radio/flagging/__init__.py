"""Flagging: which visibilities of a Measurement Set must not be used, and why.

Belongs here: reading visibilities for inspection (`visibilities`), the steps (`steps`, `tfcrop`),
the flag product (`flagset`), its statistics and figures, the worker entry point (`job`). Not here:
writing Measurement Sets (conversion) or limits (quality/thresholds.toml).

The published ``measurement_set`` is never altered: flags are computed on arrays in memory, CASA
works on a scratch copy, and the result is a small product of its own.
"""
