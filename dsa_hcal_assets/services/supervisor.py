"""Many services: started as soon as what they need is ready, restarted with patience, ended in order.

Knows nothing about the platform. One thread runs the loop and starts all children, because the
kernel's promise to kill them with their parent follows the thread; probes run in other threads.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.daq.supervisor import restarts
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.services.process import Service, ServiceProcess
from dsa_hcal_assets.services.status import ServiceStatus, State

log = logging.getLogger(__name__)

LOOP_SECONDS = 0.1


@dataclass(frozen=True)
class Patience(restarts.Patience):
    """How restarts and probes are paced (seconds).

    Attributes
    ----------
    starting_interval, healthy_interval
        Time between two probes of a starting and of a ready service.
    unhealthy_limit
        A service that runs but fails its probe for so long is restarted.
    """

    starting_interval: float = 0.25
    healthy_interval: float = 5.0
    unhealthy_limit: float = 120.0


@dataclass
class _Seat:
    """A service and where it stands."""

    service: Service
    failures: restarts.Failures
    state: State = State.WAITING
    since: float = 0.0
    restarts: int = 0
    next_start: float = 0.0
    next_probe: float = 0.0
    healthy_at: float = 0.0
    probe: "Future[str | None] | None" = None
    detail: str = ""


class Supervisor:
    """Keeps a set of services running until told to stop.

    Parameters
    ----------
    services
        The services; names in `after` must be among them.
    patience
        Pacing.
    """

    def __init__(self, services: Sequence[Service], patience: Patience = Patience()) -> None:
        self._seats = {service.name: _Seat(service, restarts.Failures(patience)) for service in services}
        unknown = {name for service in services for name in service.after} - set(self._seats)
        if unknown:
            raise ConfigurationError(f"services wait for unknown ones: {sorted(unknown)}")
        self._patience = patience
        self._probes = ThreadPoolExecutor(max_workers=8, thread_name_prefix="probe")

    def status(self) -> dict[str, ServiceStatus]:
        """Return where every service stands, in order."""
        return {name: _describe(seat) for name, seat in self._seats.items()}

    def children(self) -> set[int]:
        """Return the numbers of all processes started here that have not been collected."""
        return {pid for seat in self._seats.values() for pid in seat.service.member.children()}

    def step(self) -> None:
        """Look after every service once."""
        for seat in self._seats.values():
            if seat.state in (State.WAITING, State.BACKING_OFF, State.CRASH_LOOP):
                self._start_if_due(seat)
            elif seat.state is not State.DONE:
                self._watch(seat)

    def reload(self) -> None:
        """Start the services that have code imported anew; their old processes end in their own time."""
        for seat in self._seats.values():
            if seat.service.reload and seat.state in (State.STARTING, State.READY, State.UNHEALTHY):
                log.info("%s: reloading", seat.service.name)
                if not seat.service.member.retire():
                    self._end([seat])
                seat.probe = None
                self._enter(seat, State.WAITING, "reloading")

    def stop(self) -> None:
        """End all services, stage by stage, each first asked and then killed."""
        for stage in sorted({seat.service.stop_stage for seat in self._seats.values()}):
            self._end([seat for seat in self._seats.values() if seat.service.stop_stage == stage])
        for seat in self._seats.values():
            self._enter(seat, State.STOPPED)
        self._probes.shutdown(wait=False, cancel_futures=True)

    # --- parts ---

    def _start_if_due(self, seat: _Seat) -> None:
        ready = all(self._seats[name].state in (State.READY, State.DONE) for name in seat.service.after)
        if not ready or time.monotonic() < seat.next_start:
            return
        self._enter(seat, State.STARTING)
        try:
            seat.service.member.start()
        except OSError as error:
            self._failed(seat, f"cannot be started: {error}")
            return
        seat.next_probe = seat.healthy_at = time.monotonic()

    def _watch(self, seat: _Seat) -> None:
        ended = seat.service.member.ended()
        if ended is not None:
            if seat.service.once and ended == "exit code 0":
                self._enter(seat, State.DONE)
            else:
                self._failed(seat, ended)
        elif not seat.service.once:
            self._probe(seat)
        elif self._late(seat):
            self._failed(seat, f"not done within {seat.service.start_seconds:g} s")

    def _late(self, seat: _Seat) -> bool:
        return time.monotonic() - seat.since > seat.service.start_seconds

    def _probe(self, seat: _Seat) -> None:
        now = time.monotonic()
        if seat.probe is None:
            if now >= seat.next_probe:
                seat.probe = self._probes.submit(seat.service.ready)
            return
        if not seat.probe.done():
            return
        missing, seat.probe = _answer(seat.probe), None
        starting = seat.state is State.STARTING
        seat.next_probe = now + (
            self._patience.starting_interval if starting else self._patience.healthy_interval
        )
        if missing is None:
            seat.healthy_at = now
            if seat.state is not State.READY:
                log.info("%s: ready after %.1f s", seat.service.name, now - seat.since)
                self._enter(seat, State.READY)
        elif starting:
            seat.detail = missing
            if self._late(seat):
                self._failed(seat, f"not ready within {seat.service.start_seconds:g} s: {missing}")
        elif now - seat.healthy_at > self._patience.unhealthy_limit:
            self._failed(seat, f"unhealthy for {now - seat.healthy_at:.0f} s: {missing}")
        else:
            self._enter(seat, State.UNHEALTHY, missing)

    def _failed(self, seat: _Seat, reason: str) -> None:
        name, now = seat.service.name, time.monotonic()
        tail = seat.service.member.log_tail()
        seat.service.member.kill()
        seat.probe = None
        seat.restarts += 1
        delay = seat.failures.add(now)
        seat.next_start = now + delay
        log.warning("%s: %s; next start in %.1f s; its log ends with:\n%s", name, reason, delay, tail)
        detail = f"{reason}: {tail.splitlines()[-1]}" if tail else reason
        self._enter(seat, State.CRASH_LOOP if seat.failures.looping else State.BACKING_OFF, detail)

    def _enter(self, seat: _Seat, state: State, detail: str = "") -> None:
        if state is not seat.state:
            seat.since = time.monotonic()
        seat.state, seat.detail = state, detail

    def _end(self, seats: Sequence[_Seat]) -> None:
        running = [seat for seat in seats if seat.service.member.pid is not None]
        for seat in running:
            seat.service.member.request_stop()
        begun = time.monotonic()
        for seat in running:
            while seat.service.member.ended() is None:
                if time.monotonic() - begun > seat.service.grace_seconds:
                    log.warning("%s: killed, it did not end when asked", seat.service.name)
                    seat.service.member.kill()
                    break
                time.sleep(0.02)
            # nothing is left of it, or of what it replaced
            seat.service.member.kill()
            seat.probe = None
            log.info("%s: ended after %.1f s", seat.service.name, time.monotonic() - begun)


def _answer(probe: "Future[str | None]") -> str | None:
    error = probe.exception()
    return probe.result() if error is None else f"the probe failed: {error!r}"


def _describe(seat: _Seat) -> ServiceStatus:
    service = seat.service
    member = service.member
    path: Path | str = member.log if isinstance(member, ServiceProcess) else ""
    return ServiceStatus(
        service.name,
        seat.state,
        pid=member.pid,
        port=service.port,
        url=service.url,
        restarts=seat.restarts,
        detail=seat.detail,
        log=str(path),
    )
