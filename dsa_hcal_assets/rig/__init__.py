"""The propulsion test rig: files in, cleaned readings, alerts and daily KPIs out.

Belongs here: the rig's file form, its cleaning and alert rules, its tables and readers. Not here:
limits of quality checks (quality/thresholds.toml), the generator of artificial readings
(simulation), and when anything runs (orchestration).
"""

SOURCE = "rig"
