"""The quick look: from subbands to a calibrated image of the whole field in one pass, all in memory.

Belongs here: what is done otherwise than in the science path for the sake of speed (light flags,
averaging while reading, few clean iterations), its measurements and its latency. Not here: reading
subbands (`conversion`), gains and their registry (`calibration`), imaging programs (`imaging`).
"""
