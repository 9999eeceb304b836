"""The run launcher: a run starts in a process forked from a host that has everything imported.

What a worker does is exactly the command ``dagster api execute_run``. Its process (number, start
time, boot) is recorded in the run's tags before it begins; `check_run_worker_health` compares them
with what runs, so run monitoring ends the runs of dead workers and run retries start them again,
also after a crash of everything. For one machine: elsewhere use the launchers under deploy/.

Dagster documents `RunLauncher` as the class to extend, but exports it, `ConfigurableClass` and
`ExecuteRunArgs` from modules with a leading underscore only; its own integrations (docker,
kubernetes) import them from there too. test_launcher.py holds these to what is used here.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dagster import DagsterRun, Field
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value

from dsa_hcal_assets.errors import WorkerCrashed
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.workers import runs
from dsa_hcal_assets.workers.logs import log_tail

log = logging.getLogger(__name__)

WORKER_TAG = "dsa_hcal/worker"
SOCKET_VARIABLE = "DSA_HCAL_RUN_HOST_SOCKET"


class WarmRunLauncher(RunLauncher[Any], ConfigurableClass):
    """Launches runs in workers forked from the run host, or in fresh processes where there is none.

    Parameters
    ----------
    cancel_grace_seconds
        How long an interrupted worker may take to end before it is killed; less than
        ``run_monitoring.cancel_timeout_seconds``.
    inst_data
        Dagster's record of where the configuration came from.
    """

    def __init__(
        self, cancel_grace_seconds: float = 45.0, inst_data: ConfigurableClassData | None = None
    ) -> None:
        self._cancel_grace_seconds = cancel_grace_seconds
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Dagster's record of where the configuration came from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        """Return the options accepted in dagster.yaml."""
        return {"cancel_grace_seconds": Field(float, is_required=False, default_value=45.0)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WarmRunLauncher":
        """Return the launcher dagster.yaml describes."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a worker, record it in the run's tags, and let it begin."""
        run = context.dagster_run
        arguments = ExecuteRunArgs(
            job_origin=run.job_code_origin,  # type: ignore[arg-type]
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
            set_exit_code_on_failure=True,
        )
        argv = ["api", "execute_run", serialize_value(arguments)]
        address = _host_address()
        if address is not None:
            try:
                self._start(run, runs.forked(address, "dagster", argv, self._log(run.run_id)))
            except WorkerCrashed as error:
                log.warning("run %s starts in a fresh process: %s", run.run_id, error)
                message = f"No warm worker for this run: {error}"
                self._instance.report_engine_event(message, run, cls=type(self))
            else:
                return
        self._start(run, runs.spawned("dagster", argv, self._log(run.run_id)))

    def _start(self, run: DagsterRun, worker: AbstractContextManager[ProcessIdentity]) -> None:
        with worker as identity:
            self._instance.add_run_tags(run.run_id, {WORKER_TAG: str(identity)})

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run's worker; return whether it was alive."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        worker = recorded_worker(run)
        if worker is not None and runs.interrupt(worker, _host_address(), self._cancel_grace_seconds):
            return True
        # nobody is left who could report the end
        self._instance.report_run_canceled(run, "The run's worker had already ended.")
        return False

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask for the health of workers: it may."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether the process recorded for a run still runs."""
        worker = recorded_worker(run)
        if worker is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "no worker is recorded for this run")
        if worker.alive():
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(worker))
        message = f"its worker, process {worker.pid}, has ended without reporting the run's end"
        return CheckRunHealthResult(WorkerStatus.FAILED, message, run_worker_id=str(worker))

    def get_run_worker_debug_info(
        self,
        run: DagsterRun,
        include_container_logs: bool | None = True,  # noqa: ARG002 - there are no containers
    ) -> str:
        """Return the end of the worker's log for the message of a failed run."""
        path = self._log(run.run_id)
        return f"{path} ends with:\n{log_tail(path)}"

    def _log(self, run_id: str) -> Path:
        return Path(self._instance.root_directory) / "run_logs" / f"{run_id}.log"


def recorded_worker(run: DagsterRun) -> ProcessIdentity | None:
    """Return the process that works, or worked, on a run; None if none was recorded."""
    text = run.tags.get(WORKER_TAG)
    try:
        return None if text is None else ProcessIdentity.parse(text)
    except ValueError:
        return None


def _host_address() -> Path | None:
    # read at each launch: a plain `dagster dev` has no run host, and that is no error
    path = os.environ.get(SOCKET_VARIABLE)
    return Path(path) if path else None
