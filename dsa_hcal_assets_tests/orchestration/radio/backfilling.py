"""Dagster's own backfill daemon, one turn at a time, in the process of the test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration

# one to ask for the runs, one to see that they have ended
TURNS = 2


@contextmanager
def instance_on_disk() -> Iterator[dg.DagsterInstance]:
    """Return an instance that launches runs at once and in this process; the daemon wants one on disk."""
    parts = {
        "run_launcher": ("launcher.sync_in_memory_run_launcher", "SyncInMemoryRunLauncher"),
        "run_coordinator": ("run_coordinator", "DefaultRunCoordinator"),
    }
    overrides = {
        part: {"module": f"dagster._core.{module}", "class": name} for part, (module, name) in parts.items()
    }
    with dg.instance_for_test(overrides=overrides) as instance:
        yield instance


class BackfillDaemon:
    """The daemon of an instance, with the platform's definitions for its code location."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def run(self) -> None:
        """Do what the daemon does for the backfills that were asked for."""
        platform = LoadableTargetOrigin(module_name="dsa_hcal_assets.definitions", attribute="defs")
        target = InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(platform))
        with WorkspaceProcessContext(self._instance, target) as workspace:
            for _ in range(TURNS):
                assert not any(execute_backfill_iteration(workspace, logging.getLogger("backfill")))
