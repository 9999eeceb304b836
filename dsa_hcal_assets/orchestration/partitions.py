"""How products are cut into partitions.

Detector and rig state, and everything nightly, is cut by UTC day. A radio observation is one key
(the time of its first integration) of a dynamic set that holds a live window only: a telescope
makes 100,000 groups a year, and the Dagster UI stays quick up to some 10,000 keys. LED and pedestal
runs of the detector are one key each (the run's number) of a set that holds the newest ones.
"""

import dagster as dg

from dsa_hcal_assets.errors import PermanentError

FIRST_DAY = "2023-01-01"

# end_offset=1: today's partition exists while its data still arrive.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
GROUP_SET = "radio_group"
GROUPS = dg.DynamicPartitionsDefinition(name=GROUP_SET)
RUN_SET = "hcal_run"
RUNS = dg.DynamicPartitionsDefinition(name=RUN_SET)
RESTORE = {GROUP_SET: "dsa-hcal partitions restore", RUN_SET: "dsa-hcal hcal runs restore"}


class RetiredPartition(PermanentError):
    """A run on a key that has left the live window."""


def require_live(instance: dg.DagsterInstance, partitions: dg.PartitionsDefinition[str], key: str) -> None:
    """Refuse a key that its dynamic set does not hold; Dagster itself runs a job on any.

    Raises
    ------
    RetiredPartition
        If the key was retired, or never existed.
    """
    if not isinstance(partitions, dg.DynamicPartitionsDefinition) or partitions.name is None:
        return
    if not instance.has_dynamic_partition(partitions.name, key):
        raise RetiredPartition(
            f"{key} is not in the live window of {partitions.name}",
            kept="its products and their history",
            remedy=f"`{RESTORE[partitions.name]} {key}`, then run it again",
        )
