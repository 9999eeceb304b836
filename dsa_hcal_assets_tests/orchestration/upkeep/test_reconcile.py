"""What crashes cut in two is whole again after the reconcile job, and nothing else is touched."""

import shutil
import signal

import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration.upkeep import reconcile_job, reconcile_schedule
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets_tests.crash import crash_at

DAY = "2026-01-02"


@pytest.fixture
def heal(installation, instance):
    def heal():
        return reconcile_job.execute_in_process(
            resources={"installation": installation}, instance=instance, raise_on_error=False
        )

    return heal


def publish(store):
    with store.publishing("rig_kpis", DAY, Provenance({"rows": 3}, ())) as staged:
        (staged.path / "kpis.json").write_text("{}")


def warnings_of(instance, run_id):
    return [record.user_message for record in instance.all_logs(run_id) if record.level == 30]


def test_with_nothing_wrong_nothing_is_said(heal, instance, installation):
    publish(installation.products)
    result = heal()
    assert result.success
    assert warnings_of(instance, result.run_id) == []


def test_a_version_whose_publisher_was_killed_before_its_commit_becomes_current(heal, installation, database):
    root = installation.settings.products

    def victim(checkpoint):
        publish(ProductStore(root, database, checkpoint=checkpoint))

    crash_at("renamed", signal.SIGKILL, victim)
    assert installation.products.current("rig_kpis", DAY) is None
    assert heal().success
    product = installation.products.current("rig_kpis", DAY)
    assert (product.path / "kpis.json").read_text() == "{}"
    assert product.provenance.parameters == {"rows": 3}


def test_staging_of_a_killed_publisher_is_removed(heal, installation, database):
    root = installation.settings.products

    def victim(checkpoint):
        publish(ProductStore(root, database, checkpoint=checkpoint))

    crash_at("written", signal.SIGKILL, victim)
    assert list(root.rglob("kpis.json"))
    assert heal().success
    assert list(root.rglob("kpis.json")) == []
    assert installation.products.current("rig_kpis", DAY) is None


def test_a_move_to_quarantine_that_was_cut_is_finished(heal, installation, database, tmp_path):
    landed = tmp_path / "landed.csv"
    landed.write_text("x")
    quarantine = installation.settings.quarantine

    def victim(checkpoint):
        ledger = Ledger(database, quarantine, checkpoint=checkpoint)
        ledger.quarantine_arrival("rig", landed, BadInput("no column pressure"))

    crash_at("recorded", signal.SIGKILL, victim)
    assert heal().success
    (arrival,) = installation.ledger.quarantined()
    assert not landed.exists()
    assert arrival.path.read_text() == "x"
    balance = installation.ledger.balance()["rig"]
    assert (balance.accepted, balance.quarantined) == (1, 1)


def test_bytes_that_are_gone_are_named_in_the_run(heal, instance, installation):
    publish(installation.products)
    shutil.rmtree(installation.products.current("rig_kpis", DAY).path)
    result = heal()
    assert f"products missing: rig_kpis/{DAY}/v0001" in warnings_of(instance, result.run_id)


def test_a_product_tree_that_is_not_mounted_fails_the_job_with_a_remedy(heal, installation):
    publish(installation.products)
    installation.settings.products.rename(installation.settings.products.with_name("elsewhere"))
    result = heal()
    assert not result.success
    failure = result.failure_data_for_node("reconcile").user_failure_data
    assert "mount it" in failure.description
    assert failure.metadata["transient"].text == "False"


def test_it_runs_every_ten_minutes_by_itself():
    assert reconcile_schedule.cron_schedule == "*/10 * * * *"
    assert reconcile_schedule.default_status.value == "RUNNING"
