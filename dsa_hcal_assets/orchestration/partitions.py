"""How products are cut into partitions.

Detector and rig state, and everything nightly, is cut by UTC day. A radio observation is one key
(the time of its first integration) of a dynamic set that holds a live window only: a telescope
makes 100,000 groups a year, and the Dagster UI stays quick up to some 10,000 keys.
"""

import dagster as dg

FIRST_DAY = "2023-01-01"

# end_offset=1: today's partition exists while its data still arrive.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
GROUPS = dg.DynamicPartitionsDefinition(name="radio_group")
