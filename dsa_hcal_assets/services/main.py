"""The process that supervises the platform: ``python -m dsa_hcal_assets.services.main``.

A process of its own, so that whoever wants the platform (`dsa-hcal up`, the demo, a test) can be
busy, threaded or killed: when its owner goes, it stops everything in order; when it is killed
itself, the kernel kills its children. It writes one line of JSON to standard output when it has
begun (or why it could not) and reads everything else from the environment.
"""

import argparse
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.processes import ProcessIdentity, adopt_orphans
from dsa_hcal_assets.services.environment import supervisor_id
from dsa_hcal_assets.services.errors import AlreadyRunning
from dsa_hcal_assets.services.stack import DEFINITIONS, platform_services
from dsa_hcal_assets.services.status import StackStatus, read_status, write_status
from dsa_hcal_assets.services.supervisor import LOOP_SECONDS, Supervisor
from dsa_hcal_assets.services.sweep import reap_adopted, sweep
from dsa_hcal_assets.services.watching import Watcher
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.workers.protocol import JSON, error_record

log = logging.getLogger(__name__)

REAPING_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Supervise until a signal or the end of the owner."""
    parser = argparse.ArgumentParser(description="Supervise the platform's services.")
    parser.add_argument("--definitions", default=DEFINITIONS)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--owner", type=int, help="process whose end stops everything")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    signals = Signals(options.owner)
    try:
        settings = load_settings()
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        with only_supervisor(settings.state_dir):
            supervise(settings, options.definitions, options.without, signals)
    except PlatformError as error:
        log.error("%s", error)
        _announce({"error": error_record(error)})
        raise SystemExit(1) from error


class Signals:
    """What this process was told: to stop (SIGINT, SIGTERM, SIGHUP, the owner's end) or to reload (SIGUSR1).

    Parameters
    ----------
    owner
        Parent process whose end means stop; None if only signals count.
    """

    def __init__(self, owner: int | None) -> None:
        self._owner = owner
        self._stop = False
        self._reload = False
        # set in any case: started from a script with "&", this process inherits an ignored SIGINT
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGUSR1, self._on_reload)

    def _on_stop(self, *_: object) -> None:
        self._stop = True

    def _on_reload(self, *_: object) -> None:
        self._reload = True

    @property
    def stop(self) -> bool:
        """Whether to stop."""
        return self._stop or (self._owner is not None and os.getppid() != self._owner)

    def take_reload(self) -> bool:
        """Return whether to reload, once for each request."""
        asked, self._reload = self._reload, False
        return asked


def supervise(settings: Settings, definitions: str, without: Sequence[str], signals: Signals) -> None:
    """Start the services, keep them running, end them; nothing of them is left afterwards."""
    identity, me = supervisor_id(settings.state_dir), str(ProcessIdentity.of(os.getpid()))
    adopt_orphans()
    sweep(identity)
    supervisor = Supervisor(platform_services(settings, definitions=definitions, without=without))
    _announce({"started": os.getpid()})
    watcher = Watcher(Installation(settings), supervisor.status)
    watcher.start()
    try:
        _keep_running(supervisor, signals, lambda: _write(settings, me, supervisor))
    finally:
        log.info("stopping")
        watcher.stop()
        supervisor.stop()
        sweep(identity)
        _write(settings, me, supervisor)
        log.info("stopped")


def _keep_running(supervisor: Supervisor, signals: Signals, changed: Callable[[], None]) -> None:
    last, next_reaping = None, 0.0
    while not signals.stop:
        if signals.take_reload():
            supervisor.reload()
        supervisor.step()
        if supervisor.status() != last:
            last = supervisor.status()
            changed()
        if time.monotonic() >= next_reaping:
            next_reaping = time.monotonic() + REAPING_SECONDS
            reap_adopted(supervisor.children())
        time.sleep(LOOP_SECONDS)


def _write(settings: Settings, me: str, supervisor: Supervisor) -> None:
    try:
        write_status(settings.state_dir, StackStatus(me, supervisor.status()))
    except OSError as error:
        # a full disk must not end the services
        log.error("cannot write the status file: %s", error)


@contextlib.contextmanager
def only_supervisor(state_dir: Path) -> Iterator[None]:
    """Hold the state directory's lock, so that nobody else supervises it.

    Raises
    ------
    AlreadyRunning
        If somebody does.
    """
    with (state_dir / "supervisor.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            status = read_status(state_dir)
            raise AlreadyRunning(
                f"the platform already runs on {state_dir.absolute()}",
                found=None if status is None else f"supervisor process {status.supervisor.partition(':')[0]}",
                remedy="use that one (`dsa-hcal status`), stop it, or set another DSA_HCAL_STATE_DIR",
            ) from error
        yield


def _announce(message: dict[str, JSON]) -> None:
    # the owner may have gone already
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
