"""Calibration: which source calibrates a group, the solutions, how long they hold, applying them.

Belongs here: the calibrator table and matching (`standards`, `matching`, `fields`), solves by CASA
(`solve`) or our own (`solver/`) and their judgement (`solutions`, `grading`), the registry of calibration
sets: what is on record (`sets`), every change of it (`registry`), which set applies and what was applied
(`choice`), sets made elsewhere (`inspection`, `entering`); applying them (`application`), worker entry
points (`job`). Not here: limits (quality/thresholds.toml), images.
"""
