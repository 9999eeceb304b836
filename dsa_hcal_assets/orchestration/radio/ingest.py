"""From accepted subbands to the group's Measurement Set. Partition: group."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.products.model import Input


@stage_asset(group="radio", partitions=GROUPS, kinds={"hdf5"})
def uvh5_group(run: StageRun) -> dg.MaterializeResult[Any]:
    """A whole group of UVH5 subbands: its files, span, pointing and calibrator."""
    from dsa_hcal_assets.orchestration.radio.calibrators import matcher_of
    from dsa_hcal_assets.radio import observation
    from dsa_hcal_assets.radio.catalogues import schedule
    from dsa_hcal_assets.radio.ingest import groups, quality
    from dsa_hcal_assets.radio.profiles.loading import profile_named

    database, ledger = run.installation.database, run.installation.ledger
    subbands = groups.subbands_of(database, ledger, run.partition)
    group = groups.group(database, run.partition)
    if group is None:
        raise ProductMissing(f"no file of group {run.partition} ever arrived", remedy="check the key")
    profile = profile_named(group.profile, run.installation.settings.radio.profiles_dir)
    minimum = run.installation.settings.radio.least_subbands(profile.subbands.count)
    described = observation.describe(run.partition, subbands, profile, matcher_of(run.installation, profile))

    def make(place: Path) -> Outcome:
        described.save(place)
        facts = {
            "subbands": len(subbands),
            "subbands expected": group.expected,
            "subbands missing": " ".join(f"sb{number:02d}" for number in group.missing) or "none",
            "telescope profile": profile.name,
            "calibrator": described.centre.name if described.centre else "none transits",
        }
        return Outcome(quality.measure(subbands, profile, minimum), facts=facts, profile=profile.name)

    inputs = [Input(one.arrival.name, one.arrival.digest) for one in subbands]
    result = run.publish(make, inputs=inputs)
    schedule.store_group_calibrators(database, run.partition, described.matches)
    with database.transaction() as cursor:
        ledger.mark_loaded(cursor, [one.arrival for one in subbands], run.run_id)
    return result


# A group of its own in the graph: the job of new groups runs the group "radio", and for these there
# is nothing to take from an archive.
@stage_asset(group="radio_archive", partitions=GROUPS, kinds={"archive"})
def archived_ms(run: StageRun) -> dg.MaterializeResult[Any]:
    """A Measurement Set made elsewhere, in the place of subbands: its span, pointing and calibrator."""
    from dsa_hcal_assets.orchestration.radio import archive
    from dsa_hcal_assets.orchestration.radio.calibrators import matcher_of
    from dsa_hcal_assets.radio.observation import describe_set
    from dsa_hcal_assets.radio.profiles.loading import load_profiles, match

    delivered = archive.delivered(run)
    if delivered is None:
        return run.not_applicable(f"group {run.partition} has no Measurement Set from an archive")
    facts = archive.facts_of(run, delivered)
    profile = match(load_profiles(run.installation.settings.radio.profiles_dir), facts.telescope)
    matcher = matcher_of(run.installation, profile)
    described = describe_set(run.partition, delivered.ms, facts, profile, delivered.told_dec_deg, matcher)
    accepted = delivered.arrival

    def make(place: Path) -> Outcome:
        described.save(place)
        shown = facts.model_dump(exclude={"fields", "digest"}, mode="json")
        return Outcome(archive.metrics(described, accepted.digest), facts=shown, profile=profile.name)

    result = run.publish(make, inputs=[Input(accepted.name, facts.digest)])
    with run.installation.database.transaction() as cursor:
        run.installation.ledger.mark_loaded(cursor, [accepted], run.run_id)
    return result


@stage_asset(
    group="radio", partitions=GROUPS, deps=["uvh5_group", "archived_ms"], kinds={"casa"}, pool="heavy"
)
def measurement_set(run: StageRun) -> dg.MaterializeResult[Any]:
    """The group's visibilities as one immutable Measurement Set, phased, with full input checksums."""
    from dsa_hcal_assets.orchestration.radio.conversion import make_measurement_set, remember_performance
    from dsa_hcal_assets.orchestration.radio.worker import group_product

    source = group_product(run)
    result = run.publish(lambda place: make_measurement_set(run, source, place), inputs=[source])
    remember_performance(run)
    return result
