"""One run of a supervisor: the run directory taken, what an earlier one left ended, the loop, the end."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dsa_hcal_assets.daq.broker.endpoints import (
    Endpoints,
    free_tcp_endpoints,
    ipc_endpoints,
    local_endpoints,
    tcp_endpoints,
)
from dsa_hcal_assets.daq.control.audit import Audit
from dsa_hcal_assets.daq.control.keys import control_directory
from dsa_hcal_assets.daq.control.server import ControlServer
from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs.context import JobContext
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.opening import sweep
from dsa_hcal_assets.daq.supervisor.config import SupervisorConfig, read_supervisor_config
from dsa_hcal_assets.daq.supervisor.line_server import LineServer
from dsa_hcal_assets.daq.supervisor.notify import ServiceNotifier
from dsa_hcal_assets.daq.supervisor.orders import Orders
from dsa_hcal_assets.daq.supervisor.process import end_leftovers
from dsa_hcal_assets.daq.supervisor.status import read_status, write_status
from dsa_hcal_assets.daq.supervisor.supervisor import LOOP_SECONDS, Supervisor
from dsa_hcal_assets.daq.supervisor.surroundings import Surroundings
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.processes import ProcessIdentity

log = logging.getLogger(__name__)

STATUS_SECONDS = 1.0
_LEFTOVER_SECONDS = 10.0


class AlreadySupervised(ConfigurationError):
    """Another supervisor runs in the same run directory."""


class Signals:
    """What this process was told by signal: to stop (SIGINT, SIGTERM) or to reload (SIGHUP)."""

    def __init__(self) -> None:
        self.stop = False
        self.reload = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_stop)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._on_reload)

    def _on_stop(self, *_: object) -> None:
        self.stop = True

    def _on_reload(self, *_: object) -> None:
        self.reload = True


def run_directory(state_dir: Path, supervisor: str) -> Path:
    """Return the run directory of a supervisor."""
    return state_dir.absolute() / "daq" / safe_name(supervisor)


def supervise(
    config_dir: Path,
    state_dir: Path,
    signals: Signals,
    started: Callable[[Supervisor], None] = lambda supervisor: None,  # noqa: ARG005
) -> None:
    """Run all jobs of a configuration directory until a signal says stop.

    Parameters
    ----------
    config_dir
        Directory of TOML files.
    state_dir
        Directory below which the run directory lies.
    signals
        Says when.
    started
        Called once the supervisor listens and its first jobs start.

    Raises
    ------
    AlreadySupervised
        If another supervisor runs there.
    BadFile, NoConfiguration
        If the supervisor's own file is wrong; wrong files of jobs are told in the status.
    """
    config = read_supervisor_config(config_dir)
    run_dir = run_directory(state_dir, config.id)
    make_directory(run_dir)
    run_dir.chmod(0o700)
    with ExitStack() as stack:
        stack.enter_context(only_supervisor(run_dir))
        left = end_leftovers(run_dir, _LEFTOVER_SECONDS)
        if left:
            log.warning("%d processes of an earlier supervisor were still there", len(left))
        endpoints = _endpoints(config, run_dir)
        lines = LineServer(_address(endpoints, "lines"))
        stack.callback(lines.close)
        address = config.control.listen or _address(endpoints, "control")
        control = ControlServer(control_directory(run_dir), address, Audit(run_dir))
        stack.callback(control.close)
        place = StreamPlace(run_dir, config.shared_memory)
        surroundings = Surroundings(
            JobContext(config.id, place, endpoints, tags=config.tags),
            lines,
            str(ProcessIdentity.of(os.getpid())),
        )
        supervisor = Supervisor(config, config_dir.absolute(), surroundings)
        supervisor.reload()
        started(supervisor)
        try:
            _loop(supervisor, control, signals, run_dir)
        finally:
            log.info("stopping")
            supervisor.stop()
            _write(run_dir, supervisor, control)
            sweep(place)


def _loop(supervisor: Supervisor, control: ControlServer, signals: Signals, run_dir: Path) -> None:
    notifier = ServiceNotifier()
    orders = Orders(supervisor, run_dir)
    next_status = 0.0
    notifier.ready()
    while not signals.stop:
        if signals.reload:
            signals.reload = False
            orders.reload_on_signal()
        supervisor.step()
        # an order that was carried out shows in the status at once
        if control.serve(orders, LOOP_SECONDS) or time.monotonic() >= next_status:
            next_status = time.monotonic() + STATUS_SECONDS
            _write(run_dir, supervisor, control)
            notifier.alive(supervisor.summary())
    notifier.stopping()


def _write(run_dir: Path, supervisor: Supervisor, control: ControlServer) -> None:
    try:
        write_status(run_dir, supervisor.status(control.endpoint))
    except OSError as error:
        # a full disk must not end the jobs
        log.error("cannot write the status: %s", error)


def _endpoints(config: SupervisorConfig, run_dir: Path) -> Endpoints:
    publish, subscribe = config.broker.publish_port, config.broker.subscribe_port
    match config.transport:
        case "ipc":
            return ipc_endpoints(run_dir)
        case "auto":
            return local_endpoints(run_dir)
    if publish is not None and subscribe is not None:
        return tcp_endpoints(publish, subscribe)
    return free_tcp_endpoints()


def _address(endpoints: Endpoints, name: str) -> str:
    """Return an address for another socket of the supervisor, of the same kind as the broker's."""
    directory, slash, _ = endpoints.publish.rpartition("/")
    return f"{directory}{slash}{name}" if endpoints.publish.startswith("ipc:") else "tcp://127.0.0.1:*"


@contextmanager
def only_supervisor(run_dir: Path) -> Iterator[None]:
    """Hold the lock of a run directory.

    Raises
    ------
    AlreadySupervised
        If a supervisor runs there.
    """
    lock = ExitStack()
    try:
        lock.enter_context(one_writer(run_dir))
    except SecondWriter as error:
        found = read_status(run_dir)
        raise AlreadySupervised(
            f"another supervisor runs in {run_dir}",
            found=None if found is None else f"process {found.process.partition(':')[0]}",
            remedy="use that one (`dsa-hcal daq status`), stop it, or give this one another id",
        ) from error
    with lock:
        yield
