"""What the radio sensor tells: groups that did not get all their subbands in time."""

from collections.abc import Iterable

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.radio.ingest.groups import ObservationGroup


def tell_stale(installation: Installation, groups: Iterable[ObservationGroup]) -> None:
    """Raise an alert for each group that is given up; a late subband opens it again."""
    from dsa_hcal_assets.alerts import Alert, Severity

    for group in groups:
        installation.tell(
            Alert(
                Severity.WARNING,
                category="ingest",
                title=f"group {group.key} is incomplete: {group.found} of {group.expected} subbands",
                message=f"First seen {group.first_seen:%Y-%m-%d %H:%M:%S} UTC. Its files are kept; a late "
                "subband opens the group again.",
                source="radio",
                partition=group.key,
                dedup_key=f"stale:{group.key}",
            )
        )
