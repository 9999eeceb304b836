"""Calibration: which source calibrates a group, the solutions, how long they hold, applying them.

Belongs here: the calibrator table and matching (`standards`, `matching`, `roles`), solves by CASA
(`solve`) and their judgement (`solutions`), the registry of calibration sets (`registry`), applying
them (`apply`), worker entry points (`job`). Not here: limits (quality/thresholds.toml), images.
"""
