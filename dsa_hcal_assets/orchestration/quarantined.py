"""Files that went to quarantine are told, once each, with what to do about them."""

from dsa_hcal_assets.installation import Installation

MOST_AT_ONCE = 20

_UNTOLD = """
select arrival_id, name, quarantine_path, partition, reason
  from platform.arrival
 where source = %(source)s and state = 'quarantined'
   and not exists (select from platform.alert where dedup_key = 'quarantine:' || arrival_id)
 order by arrival_id
 limit %(most)s
"""


def tell_quarantined(installation: Installation, source: str) -> int:
    """Raise an alert for each file of `source` in quarantine that none was raised for; return how many."""
    from dsa_hcal_assets.alerts import Alert, Severity

    untold = installation.database.rows(_UNTOLD, {"source": source, "most": MOST_AT_ONCE})
    for arrival_id, name, path, partition, reason in untold:
        record = reason or {}
        told = [f"{key}: {record[key]}" for key in ("expected", "found", "kept", "remedy") if record.get(key)]
        installation.tell(
            Alert(
                Severity.WARNING,
                category="quarantine",
                title=f"{source} file {name} is in quarantine: {record.get('what', 'no reason recorded')}",
                message="\n".join(
                    [f"kept as {path}", *told, f"release: dsa-hcal quarantine release {arrival_id}"]
                ),
                source=source,
                partition=partition or None,
                details=record,
                dedup_key=f"quarantine:{arrival_id}",
            )
        )
    return len(untold)
