"""The worker host: imports modules once, then forks a fresh process for every job.

Run as ``python -m dsa_hcal_assets.workers.host --socket PATH --preload MODULE ...``. Everything
here happens in one thread around one selector, because a process that forks should not have
threads of its own (the few that libraries start at import sleep; forked CASA is under test).

Two kinds of job. ``call``: a function of the platform; it lives no longer than its caller's
connection and its wall limit. ``run``: an installed command, detached from whoever asked for it,
with that command's code already imported (Dagster's run worker).
"""

import argparse
import contextlib
import gc
import importlib
import logging
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.processes import ProcessIdentity, has_ended, kill_group
from dsa_hcal_assets.workers import casa, job
from dsa_hcal_assets.workers.logs import bound_log
from dsa_hcal_assets.workers.protocol import JSON, parse_request, verdict_bytes

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
TICK_SECONDS = 0.5
# how long interrupted runs may take to write their last events before they are killed
STOP_SECONDS = 8.0


@dataclass(eq=False)
class Peer:
    """A connection: first it brings a request, later it takes the verdict."""

    connection: socket.socket
    deadline: float
    received: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)
    job: "Job | None" = None


@dataclass(eq=False)
class Job:
    """A forked process and what is known about its end."""

    pid: int
    log: Path
    peer: Peer | None = None
    deadline: float | None = None
    directory: Path | None = None
    cause: dict[str, JSON] = field(default_factory=dict)


class Host:
    """The server; see the module.

    Parameters
    ----------
    address
        Path of the unix socket to listen on; only this user may connect.
    packages
        Packages whose functions may be called.
    console_scripts
        Installed commands that may be run.
    owner
        Process whose end ends the host; None for a host that only signals stop.
    """

    def __init__(
        self,
        address: Path,
        *,
        packages: Sequence[str],
        console_scripts: Sequence[str] = (),
        owner: int | None = None,
    ) -> None:
        self._address = address
        self._packages = tuple(packages)
        self._console_scripts = frozenset(console_scripts)
        self._owner = owner
        self._selector = selectors.DefaultSelector()
        self._peers: set[Peer] = set()
        self._jobs: dict[int, Job] = {}
        self._listener = listen(address)
        self._inode = address.stat().st_ino
        self._signals, self._wakeup = socket.socketpair()
        self._draining = False
        self._stop_at: float | None = None

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT (jobs are ended) or SIGHUP (jobs may finish first)."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._signals, selectors.EVENT_READ, self._on_signal)
        self._signals.setblocking(False)
        self._wakeup.setblocking(False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        while not self._finished():
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._keep_time()
        self._unlink()

    # --- the loop's parts ---

    def _finished(self) -> bool:
        leaving = self._draining or self._stop_at is not None
        return leaving and not self._jobs and not any(peer.unsent for peer in self._peers)

    def _patience(self) -> float:
        deadlines = [found.deadline for found in self._jobs.values() if found.deadline is not None]
        return max(0.0, min([TICK_SECONDS, *(deadline - time.monotonic() for deadline in deadlines)]))

    def _keep_time(self) -> None:
        now = time.monotonic()
        for found in list(self._jobs.values()):
            bound_log(found.log)
            if found.deadline is not None and now >= found.deadline:
                self._end_job(found, {"deadline": True})
            if self._stop_at is not None and now >= self._stop_at:
                kill_group(found.pid)
        for peer in [peer for peer in self._peers if peer.job is None and now >= peer.deadline]:
            self._forget(peer)
        if self._owner is not None and os.getppid() != self._owner:
            self._begin_stop(grace=0.0)

    def _on_signal(self) -> None:
        for number in self._signals.recv(4096):
            if number in (signal.SIGTERM, signal.SIGINT):
                self._begin_stop(grace=STOP_SECONDS)
            elif number == signal.SIGHUP:
                log.info("draining: %d jobs still run", len(self._jobs))
                self._draining = True
                self._unlink()
        self._reap()

    def _begin_stop(self, grace: float) -> None:
        if self._stop_at is not None:
            return
        self._stop_at = time.monotonic() + grace
        self._unlink()
        for found in self._jobs.values():
            if found.peer is not None:
                self._end_job(found, {"stopped": True})
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGINT)

    def _unlink(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._selector.unregister(self._listener)
        self._listener.close()
        # a successor may have taken the address over meanwhile
        with contextlib.suppress(FileNotFoundError):
            if self._address.stat().st_ino == self._inode:
                self._address.unlink()

    # --- connections ---

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        peer = Peer(connection, time.monotonic() + REQUEST_SECONDS)
        self._peers.add(peer)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._on_readable(peer))

    def _on_readable(self, peer: Peer) -> None:
        if peer not in self._peers:
            return
        try:
            received = peer.connection.recv(2**20)
        except (ConnectionError, BlockingIOError):
            received = b""
        if peer.job is not None:
            if not received:
                self._end_job(peer.job, {"caller": "gone"})
                self._forget(peer)
            return
        if not received:
            self._forget(peer)
            return
        peer.received += received
        try:
            request = parse_request(bytes(peer.received))
            if request is not None:
                self._begin(peer, request)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("refused a request: %r", error)
            self._answer(peer, {"refused": f"{type(error).__name__}: {error}"})
        except OSError as error:
            log.exception("could not begin a job")
            self._answer(peer, {"unable": str(error)})

    def _answer(self, peer: Peer, verdict: Mapping[str, JSON]) -> None:
        peer.unsent += verdict_bytes(verdict)
        if peer in self._peers:
            self._selector.modify(peer.connection, selectors.EVENT_WRITE, lambda: self._on_writable(peer))
            peer.job, peer.deadline = None, time.monotonic() + REQUEST_SECONDS

    def _on_writable(self, peer: Peer) -> None:
        if peer not in self._peers:
            return
        try:
            sent = peer.connection.send(peer.unsent)
        except BlockingIOError:
            return
        except ConnectionError:
            self._forget(peer)
            return
        del peer.unsent[:sent]
        if not peer.unsent:
            self._forget(peer)

    def _forget(self, peer: Peer) -> None:
        if peer in self._peers:
            self._peers.discard(peer)
            self._selector.unregister(peer.connection)
            peer.connection.close()

    # --- jobs ---

    def _begin(self, peer: Peer, request: Mapping[str, JSON]) -> None:
        kind = request["kind"]
        if kind == "ping":
            self._answer(peer, {"pid": os.getpid(), "jobs": len(self._jobs)})
        elif kind == "call":
            self._begin_call(peer, request)
        elif kind == "run":
            self._begin_run(peer, request)
        elif kind == "interrupt":
            self._answer(
                peer, {"found": self._interrupt(int(request["pid"]), float(request["grace_seconds"]))}
            )
        else:
            raise ValueError(f"unknown kind of request {kind!r}")

    def _begin_call(self, peer: Peer, request: Mapping[str, JSON]) -> None:
        function, arguments = str(request["function"]), dict(request["arguments"])
        wall, path = float(request["wall_seconds"]), Path(request["log"])
        path.parent.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=".work-", dir=path.parent))
        host = os.getpid()
        pid = os.fork()
        if pid == 0:
            with _last_resort():
                self._leave(peer)
                job.become_independent(host, path)
                os.chdir(directory)
                job.answer_call(peer.connection, function, arguments, self._packages)
        peer.job = self._jobs[pid] = Job(pid, path, peer, time.monotonic() + wall, directory)

    def _begin_run(self, peer: Peer, request: Mapping[str, JSON]) -> None:
        script, argv, path = str(request["script"]), list(request["argv"]), Path(request["log"])
        if script not in self._console_scripts:
            raise ValueError(f"command {script!r} is not served here")
        host = os.getpid()
        pid = os.fork()
        if pid == 0:
            with _last_resort():
                self._leave(peer)
                job.become_independent(host, path)
                # the caller first writes down who works on its run, then lets go; if it dies first,
                # nothing has begun
                peer.connection.setblocking(True)
                peer.connection.sendall(verdict_bytes({"identity": str(ProcessIdentity.of(os.getpid()))}))
                released = peer.connection.recv(1)
                peer.connection.close()
                if released:
                    job.run_console_script(script, argv)
        self._jobs[pid] = Job(pid, path)
        self._forget(peer)

    def _leave(self, peer: Peer) -> None:
        """Close, in the forked process, all that is the host's (not what libraries opened)."""
        self._selector.close()
        for other in (self._listener, self._signals, self._wakeup):
            other.close()
        for stranger in self._peers - {peer}:
            stranger.connection.close()
        self._peers, self._jobs = set(), {}
        gc.unfreeze()

    def _interrupt(self, pid: int, grace: float) -> bool:
        found = self._jobs.get(pid)
        if found is None or found.peer is not None:
            return False
        os.kill(pid, signal.SIGINT)
        found.deadline = time.monotonic() + grace
        return True

    def _end_job(self, found: Job, cause: dict[str, JSON]) -> None:
        found.cause = found.cause or cause
        found.deadline = None
        kill_group(found.pid)

    def _reap(self) -> None:
        for found in list(self._jobs.values()):
            # look first, reap last: until then the number cannot belong to another group
            if not has_ended(found.pid):
                continue
            kill_group(found.pid)
            _, status = os.waitpid(found.pid, 0)
            del self._jobs[found.pid]
            # a job that ends between two looks may have flooded its log
            bound_log(found.log)
            self._report(found, os.waitstatus_to_exitcode(status))

    def _report(self, found: Job, status: int) -> None:
        if found.directory is not None:
            shutil.rmtree(found.directory, ignore_errors=True)
        if status != 0:
            log.info("job %d ended: status %d %s", found.pid, status, found.cause or "")
        if found.peer is not None:
            self._answer(found.peer, {"status": status, **found.cause})


@contextlib.contextmanager
def _last_resort() -> Iterator[None]:
    """End a forked process whatever happens in it: it must never return into the host's loop."""
    try:
        yield
    except BaseException:
        log.exception("a forked process could not begin its job")
    finally:
        os._exit(71)


def listen(address: Path) -> socket.socket:
    """Listen on a unix socket of this user's own, replacing one nobody answers on.

    Raises
    ------
    ConfigurationError
        If another host answers there.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(address))
        except OSError:
            address.unlink(missing_ok=True)
        else:
            raise ConfigurationError(f"another worker host serves {address}", remedy="stop it first")
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o077)
    try:
        listener.bind(str(address))
    finally:
        os.umask(mask)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def main(arguments: Sequence[str] | None = None) -> None:
    """Import what is asked for, then serve."""
    parser = argparse.ArgumentParser(description="Fork a process per job from pre-imported modules.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--preload", action="append", default=[], help="module to import first (repeatable)")
    parser.add_argument(
        "--package", action="append", default=[], help="package whose functions may be called"
    )
    parser.add_argument(
        "--console-script", action="append", default=[], help="installed command that may be run"
    )
    parser.add_argument("--owner", type=int, help="number of the parent process: end when it ends")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    casa.configure()
    host = Host(
        options.socket,
        packages=options.package or ["dsa_hcal_assets"],
        console_scripts=options.console_script,
        owner=options.owner,
    )
    preload(options.preload, options.console_script)
    host.serve()


def preload(modules: Sequence[str], console_scripts: Sequence[str] = ()) -> None:
    """Import modules and commands; what is missing is reported and left to the job that needs it."""
    begun = time.monotonic()
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("cannot import %s beforehand: %s", name, error)
    for script in (found for name in console_scripts for found in job.console_scripts(name)):
        script.load()
    # what is alive now is shared by all jobs: keep the collector from touching (and copying) it
    gc.collect()
    gc.freeze()
    log.info("ready after %.1f s: %s", time.monotonic() - begun, ", ".join(modules) or "nothing imported")


if __name__ == "__main__":
    main()
