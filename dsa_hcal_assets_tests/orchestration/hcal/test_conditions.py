"""Payloads of a day through their asset: checked, registered, in the running tag; stopped by their gate."""

from typing import Any

import dagster as dg
import pytest

from dsa_hcal_assets.hcal.conditions import files, registry, tags
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.emcal.board_layout import load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.emcal.tables import EmcalTables
from dsa_hcal_assets.hcal.emcal.tables import load_day as load_emcal_day
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.conditions import conditions_payload
from dsa_hcal_assets.products import Product, Provenance
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_corrections
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle
from dsa_hcal_assets_tests.hcal.emcal import calorimeter


@pytest.fixture
def corrected(installation: Installation) -> int:
    """A day that is loaded and has passed corrections; their number."""
    incoming = installation.settings.incoming / "hcal"
    detector.land(incoming, *map(detector.snapshot, range(4)))
    scan(incoming, installation.ledger, CONTROLLERS)
    load_day(installation.database, installation.ledger, DAY, load_channel_map(), "run-1")
    number = add_corrections(installation.database, DAY, dict.fromkeys(range(3072), 1.01))
    pass_gate(installation, number)
    return number


def pass_gate(installation: Installation, number: int, kind: str = "gain_corrections") -> Product:
    """Publish what stands for the corrections (or another kind) of the day, as passed."""
    with installation.products.publishing(kind, DAY, Provenance({}, ())) as staged:
        (staged.path / "set.txt").write_text(str(number))
    verdicts = judge("conditions_payload", [Metric("payloads", 1)], installation.thresholds)
    passed = [verdict for verdict in verdicts if verdict.metric == "payloads"]
    record(installation.database, passed, product=staged.product, partition=DAY, run_id="run-1")
    return staged.product


def materialize(installation: Installation, instance: dg.DagsterInstance) -> Any:
    return dg.materialize(
        [conditions_payload],
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )


def test_a_day_becomes_payloads_that_the_running_tag_means(
    installation: Installation, instance: dg.DagsterInstance, corrected: int
) -> None:
    assert materialize(installation, instance).success
    product = installation.products.require_passed("conditions_payload", DAY)
    assert [item.name for item in product.provenance.inputs] == [f"gain_corrections/{DAY}/v0001"]
    found = registry.payload_at(installation.database, "online", Calorimeter.IHCAL, cycle(2))
    towers, facts = files.read_root(installation.settings.products / found.directory / found.root_file)
    assert facts.correction_set == corrected
    assert set(towers["status"]) == {0}
    [tag] = tags.tags(installation.database)
    assert (tag.name, tag.state, tag.payloads) == ("online", "running", 2)


def test_the_emcal_has_payloads_if_its_state_passed(
    installation: Installation, instance: dg.DagsterInstance, corrected: int
) -> None:
    database, tables = installation.database, EmcalTables(load_board_map(), load_board_layout())
    incoming = installation.settings.incoming / "emcal"
    calorimeter.land(incoming, calorimeter.snapshot(2))
    scan(incoming, installation.ledger, EMCAL)
    load_emcal_day(database, installation.ledger, DAY, tables, "run-1")
    assert materialize(installation, instance).success
    assert {one.detector for one in tags.payloads_of(database, "online")} == {0, 1}

    # a reading, bias on, no correction
    pass_gate(installation, 0, "emcal_state")
    assert materialize(installation, instance).success
    [emcal] = [one for one in tags.payloads_of(database, "online") if one.detector == 2]
    towers, _ = files.read_root(installation.settings.products / emcal.directory / emcal.root_file)
    assert len(towers) == 24576
    assert set(towers["status"]) == {4}
    inputs = installation.products.require_passed("conditions_payload", DAY).provenance.inputs
    assert [item.name.split("/")[0] for item in inputs] == ["gain_corrections", "emcal_state"]


def test_made_again_the_running_tag_answers_as_before(
    installation: Installation, instance: dg.DagsterInstance, corrected: int
) -> None:
    assert materialize(installation, instance).success
    before = tags.payloads_of(installation.database, "online")
    newest = add_corrections(installation.database, DAY, {0: 1.05})
    pass_gate(installation, newest)
    assert materialize(installation, instance).success
    assert tags.payloads_of(installation.database, "online") == before
    [(known,)] = installation.database.rows(
        "select count(*) from hcal.payload where correction_set = %s", (newest,)
    )
    assert known == 2


def test_payloads_that_fail_their_checks_are_published_for_a_look_and_not_registered(
    installation: Installation, instance: dg.DagsterInstance, corrected: int
) -> None:
    with installation.database.transaction() as cursor:
        cursor.execute("update hcal.tower_reading set temperature = null where tower_id < 1000")
    result = materialize(installation, instance)
    [failed] = [check for check in result.get_asset_check_evaluations() if check.check_name == "coverage"]
    assert not failed.passed
    assert installation.products.current("conditions_payload", DAY) is not None
    assert installation.database.rows("select * from hcal.payload") == []
    assert tags.tags(installation.database) == []


def test_without_passed_corrections_nothing_is_made(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    assert not materialize(installation, instance).success
    assert installation.products.current("conditions_payload", DAY) is None
