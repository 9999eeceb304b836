"""What is out of order in the detector: where, since when, until when, how badly.

Belongs here: looking at a UTC day with its past (`detection.refresh`), putting parts of days together
to anomalies, reading and telling them. Not here: limits (quality/thresholds.toml, stage `anomaly`:
one section a rule) and what is missing from the record altogether (hcal/coverage.py).
"""
