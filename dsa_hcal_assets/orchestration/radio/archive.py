"""What the asset of archived sets asks: what was delivered for a group, and whether it still is that."""

from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.ledger.model import Arrival
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.radio.observation import Observation


@dataclass(frozen=True)
class Delivered:
    """The accepted set of a group, itself or by reference; `told_dec_deg` came with the reference."""

    arrival: Arrival
    ms: Path
    told_dec_deg: float | None = None


def delivered(run: StageRun) -> Delivered | None:
    """Return the set that counts for the run's group, or None if no archive delivered one."""
    from dsa_hcal_assets.radio.archive import reference
    from dsa_hcal_assets.radio.archive.scan import SOURCE

    arrivals = run.installation.ledger.of_partition(SOURCE, run.partition)
    if not arrivals:
        return None
    (arrival,) = arrivals  # the group's key is the subject, and the ledger holds one content a subject
    if not arrival.name.endswith(reference.SUFFIX):
        return Delivered(arrival, arrival.path)
    found = reference.Reference.read(arrival.path)
    return Delivered(arrival, found.path, found.pointing_dec_deg)


def facts_of(run: StageRun, delivered: Delivered) -> SetFacts:
    """Read the facts of a delivered set anew."""
    from dsa_hcal_assets.radio.archive.reading import read_sets

    (answer,) = read_sets(run.installation.workers, [delivered.ms], run.log_file())
    if isinstance(answer, PlatformError):
        raise answer
    return answer


def metrics(described: Observation, accepted_digest: str) -> list[Metric]:
    """Return the metrics of stage ``archived_ms``."""
    archived = described.archived
    found = archived.digest if archived is not None else "none"
    assumed = archived is not None and archived.pointing == "phase centres"
    return [
        Metric("identity_changed", float(found != accepted_digest), f"identity {found}"),
        Metric(
            "pointing_assumed",
            float(assumed),
            f"declination {described.pointing_dec_deg:.3f} deg of the phase centres" if assumed else "",
        ),
    ]
