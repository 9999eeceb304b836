"""The rig's first two stages stand for all: real database, real product tree, made-up numbers."""

import dagster as dg
import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, stage_asset
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric

DAY = "2026-01-02"


def good_metrics(stage):
    """Values inside every limit of a stage."""
    inside = []
    for limit in Thresholds.load(environ={}).of_stage(stage):
        low = limit.limits.warn_below if limit.limits.warn_below is not None else limit.limits.error_below
        inside.append(Metric(limit.metric, 0.0 if low is None else low))
    return inside


def graph(metrics, made):
    @stage_asset(group="rig", partitions=DAYS)
    def rig_readings(run):
        """First stage."""

        def make(place):
            (place / "readings.txt").write_text(run.partition)
            return Outcome(metrics)

        made.append("rig_readings")
        return run.publish(make, parameters={"zone": "UTC"})

    @stage_asset(group="rig", partitions=DAYS, deps=["rig_readings"])
    def rig_clean(run):
        """Second stage."""
        source = run.input("rig_readings")

        def make(place):
            (place / "clean.txt").write_text((source.path / "readings.txt").read_text())
            return Outcome(good_metrics("rig_clean"))

        made.append("rig_clean")
        return run.publish(make, inputs=[source])

    return [rig_readings, rig_clean]


def materialize(assets, installation, instance, selection=None):
    return dg.materialize(
        assets,
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        selection=selection,
        raise_on_error=False,
    )


def test_a_chain_of_passing_stages_publishes_products_that_name_their_inputs(installation, instance):
    assert materialize(graph(good_metrics("rig_readings"), []), installation, instance).success
    readings = installation.products.require_passed("rig_readings", DAY)
    clean = installation.products.require_passed("rig_clean", DAY)
    assert (clean.path / "clean.txt").read_text() == DAY
    assert clean.provenance.inputs == (readings.as_input(),)
    assert readings.provenance.parameters == {"zone": "UTC"}


def test_a_closed_gate_stops_downstream_in_the_same_run_and_in_later_ones(installation, instance):
    made = []
    bad = [Metric("rows", 0) if m.name == "rows" else m for m in good_metrics("rig_readings")]
    assets = graph(bad, made)
    assert not materialize(assets, installation, instance).success
    assert made == ["rig_readings"]
    later = materialize(assets, installation, instance, selection=["rig_clean"])
    assert not later.success
    assert "GateBlocked" in str(later.failure_data_for_node("rig_clean").user_failure_data.metadata)


def test_a_closed_gate_is_told_by_one_alert(installation, instance):
    bad = [Metric("rows", 0) if m.name == "rows" else m for m in good_metrics("rig_readings")]
    materialize(graph(bad, []), installation, instance)
    alerts = installation.database.rows("select severity, partition, message from platform.alert")
    assert len(alerts) == 1
    assert alerts[0][:2] == ("error", DAY)
    assert "rows" in alerts[0][2]


def test_lifting_the_gate_goes_on_with_a_new_version(installation, instance):
    bad = [Metric("rows", 0) if m.name == "rows" else m for m in good_metrics("rig_readings")]
    materialize(graph(bad, []), installation, instance)
    assert materialize(graph(good_metrics("rig_readings"), []), installation, instance).success
    assert installation.products.require_passed("rig_readings", DAY).version == 2
    assert installation.products.require_passed("rig_clean", DAY).version == 1


def test_an_error_while_making_leaves_no_product(installation, instance):
    @stage_asset(group="rig", partitions=DAYS)
    def rig_readings(run):
        """Fails half-way."""

        def make(place):
            (place / "half.txt").write_text("half")
            raise BadInput("rig.csv has no column pressure")

        return run.publish(make)

    result = materialize([rig_readings], installation, instance)
    assert not result.success
    assert installation.products.current("rig_readings", DAY) is None
    assert list(installation.settings.products.rglob("half.txt")) == []


@pytest.mark.parametrize("stage", ["rig_readings", "rig_clean"])
def test_verdicts_stand_in_the_database_beside_the_run(installation, instance, stage):
    result = materialize(graph(good_metrics("rig_readings"), []), installation, instance)
    rows = installation.database.rows(
        "select distinct run_id, partition from platform.verdict where stage = %s", (stage,)
    )
    assert rows == [(result.run_id, DAY)]
