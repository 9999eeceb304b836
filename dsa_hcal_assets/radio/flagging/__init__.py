"""Flagging: which visibilities of a Measurement Set must not be used, and why.

Belongs here: the steps in their order (`passes`), visibilities in blocks of whole baselines (`series`),
what single samples and rows show (`marks`, `steps`), the search for interference (`search`: our
SumThreshold in `sumthreshold` over its `background`, or `aoflagger`, `tfcrop`), the flag product
(`flagset`), its statistics and figures, the worker entry point (`job`). Not here: writing Measurement
Sets (conversion) or limits (quality/thresholds.toml).

The published ``measurement_set`` is never altered: flags are computed on blocks in memory, programs of
others work on a scratch copy, and the result is a small product of its own.
"""
