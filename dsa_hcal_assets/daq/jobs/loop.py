"""The one thread of a job: steps, messages, orders and signs of life, each in its turn."""

import os
import time
from collections.abc import Callable
from typing import Any

import zmq

from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.jobs.inbox import KeptInbox
from dsa_hcal_assets.daq.jobs.job import Job, JobStopping
from dsa_hcal_assets.daq.jobs.line import Doing, Order, Pause, Resume, SetInterval, Stop, SupervisorLine
from dsa_hcal_assets.daq.jobs.reading import ReadingJob
from dsa_hcal_assets.daq.jobs.stepping import Stepping
from dsa_hcal_assets.daq.jobs.stopping import StopRequest
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.errors import TransientError

LIFE_SECONDS = 1.0
_UNWATCHED_SECONDS = 0.02
_MOST_LIVE = 256


class JobLoop:
    """Runs a job until it is asked to stop or finishes.

    Parameters
    ----------
    job
        The job.
    line
        Its line to the supervisor.
    request
        Says that the process was asked to stop, and wakes the loop.
    interval, paused
        Orders given to earlier processes of this job that still hold.
    """

    def __init__(
        self,
        job: Job[Any],
        line: SupervisorLine,
        request: StopRequest,
        *,
        interval: float | None = None,
        paused: bool = False,
    ) -> None:
        self._job, self._line, self._request = job, line, request
        self._stepping = Stepping(interval or job.config.interval, time.monotonic)
        self._paused = paused
        self._trouble = ""
        self._next_life = 0.0
        self._receiver: LiveReceiver | None = None
        self._inbox = KeptInbox(job) if isinstance(job, ReadingJob) else None
        self._poller = zmq.Poller()
        self._poller.register(line.socket, zmq.POLLIN)
        self._poller.register(request.fileno(), zmq.POLLIN)
        job.attach(self._sign_of_life)

    def run(self) -> None:
        """Set the job up, run it, tear it down.

        Raises
        ------
        Exception
            Whatever the job raised that is not transient.
        """
        self._line.tell(Doing.STARTING)
        try:
            self._job.setup()
            self._connect()
            self._stepping.restart()
            self._tell()
            while not self._stopping():
                self._round()
            self._line.tell(Doing.STOPPING)
        except Exception as error:
            self._job.publish_trace(error)
            raise
        finally:
            self._job.stopping.set()
            try:
                self._job.teardown()
            finally:
                # what was done since the record before; all there is of a job that took less than a second
                self._job.publish_record(self._job.metrics.as_record())
                self._close()

    def _round(self) -> None:
        for order in self._line.orders():
            self._obey(order)
        busy = False
        if not self._paused and not self._stopping():
            busy = self._live_messages()
            if self._inbox is not None:
                busy |= self._inbox.deliver()
            if not self._stepping.wait():
                self._guarded(self._job.step)
                self._stepping.done()
        if time.monotonic() >= self._next_life:
            self._tell()
        if not busy and not self._stopping():
            self._sleep()

    def _sleep(self) -> None:
        wait = self._next_life - time.monotonic()
        if not self._paused:
            wait = min(wait, self._stepping.wait())
            if self._inbox is not None and self._inbox.producers:
                wait = min(wait, _UNWATCHED_SECONDS)
        if wait <= 0:
            return
        if self._paused or self._inbox is None or self._inbox.fall_asleep(self._poller):
            # rounded up: a poll that ends before its time would only be repeated
            self._poller.poll(int(wait * 1000) + 1)
            self._request.heard()
        if self._inbox is not None:
            self._inbox.wake_up(self._poller)

    def _live_messages(self) -> bool:
        """Take what is there of live messages; return whether more may be."""
        if self._receiver is None:
            return False
        for _ in range(_MOST_LIVE):
            found = self._receiver.receive()
            if found is None:
                return False
            # a notice has done its work by waking the loop
            if isinstance(found, Message):
                self._job.metrics.received((found,))
                self._guarded(self._job.receive, found)
        return True

    def _guarded(self, call: Callable[..., object], *arguments: Message) -> None:
        try:
            call(*arguments)
            self._trouble = ""
        except JobStopping as error:
            self._job.log.info("%s", error)
        except TransientError as error:
            if str(error) != self._trouble:
                self._job.log.warning("%s", error)
            self._trouble = str(error)

    def _obey(self, order: Order) -> None:
        match order:
            case Stop():
                self._request.ask()
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
                self._stepping.restart()
            case SetInterval(seconds):
                self._stepping.change(seconds)
        self._job.log.info("ordered: %s", order)
        self._next_life = 0.0

    def _stopping(self) -> bool:
        if self._request.asked() and not self._job.stopping.is_set():
            self._job.stopping.set()
        return self._job.stopping.is_set()

    # --- signs of life ---

    def _tell(self) -> None:
        self._next_life = time.monotonic() + LIFE_SECONDS
        if self._receiver is not None:
            for producer, total in self._receiver.gaps.items():
                self._job.metrics.missed(producer, total)
        if self._inbox is not None:
            self._inbox.count_waiting()
        record = self._job.metrics.as_record()
        self._line.tell(
            Doing.PAUSED if self._paused else Doing.RUNNING,
            self._trouble or (self._inbox.trouble if self._inbox else ""),
            interval=self._stepping.interval,
            skipped=self._stepping.skipped,
            metrics=record,
        )
        self._job.publish_record(record)

    def _sign_of_life(self, doing: str) -> None:
        """Speak for a job that waits inside a step, in whatever thread of it."""
        if self._stopping() or time.monotonic() < self._next_life or not self._request.in_main_thread():
            return
        self._next_life = time.monotonic() + LIFE_SECONDS
        self._line.tell(Doing.RUNNING, doing, interval=self._stepping.interval)

    # --- connections ---

    def _connect(self) -> None:
        endpoints = self._job.context.endpoints
        # where streams have bells (`streams.bell`) no notice has to come by way of the broker
        producers = self._inbox.producers if self._inbox and not hasattr(os, "mkfifo") else []
        if endpoints is None or not (self._job.config.subscribe or producers):
            return
        self._receiver = LiveReceiver(endpoints)
        self._receiver.subscribe(*self._job.config.subscribe)
        self._receiver.watch(*producers)
        self._receiver.register(self._poller)

    def _close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
        if self._receiver is not None:
            self._receiver.close()
        self._job.close()
