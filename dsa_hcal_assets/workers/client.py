"""Calling a function in a worker process as if it were here: result, error, deadline, crash."""

import json
import logging
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded, WorkerCrashed
from dsa_hcal_assets.processes import describe_exit
from dsa_hcal_assets.workers.logs import log_size, log_tail
from dsa_hcal_assets.workers.own_host import OwnHost
from dsa_hcal_assets.workers.protocol import (
    JSON,
    Verdict,
    WorkerFailed,
    error_from_record,
    receive_answer,
    request_bytes,
)

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# The host ends a job at its wall limit; a client that still waits after this much more has lost its host.
HOST_GRACE_SECONDS = 30.0

_own_host = OwnHost()


class WorkerClient:
    """Calls functions of the platform in processes forked from a host that has imported CASA.

    Parameters
    ----------
    address
        Socket of a running host (`sockets.socket_path(state_dir, "casa")`). With None, or when
        nobody answers there, this process starts a host of its own and keeps it while it lives.
    """

    def __init__(self, address: Path | None = None) -> None:
        self._address = address

    def call(self, function: str, arguments: Mapping[str, JSON], *, wall_seconds: float, log: Path) -> JSON:
        """Call a function in a worker process and return its result.

        Parameters
        ----------
        function
            ``"dsa_hcal_assets.package.module:name"``.
        arguments
            Its keyword arguments; anything JSON can carry. Paths must be absolute: the function runs
            in an empty directory that is removed afterwards.
        wall_seconds
            After this long the job and all it started are killed.
        log
            File that receives (appended) what the function, CASA and child programs print.

        Returns
        -------
        JSON
            What the function returned.

        Raises
        ------
        PlatformError
            Whatever the function raised of this family, as the same class.
        DeadlineExceeded
            If the wall limit passed.
        WorkerCrashed
            If the process died, was killed, ran out of memory, or its host died.
        WorkerFailed
            If the function raised anything else, or returned what JSON cannot carry.
        """
        start = log_size(log)
        request = {
            "kind": "call",
            "function": function,
            "arguments": dict(arguments),
            "wall_seconds": wall_seconds,
            "log": str(log.absolute()),
        }
        with self._connect() as connection:
            connection.settimeout(wall_seconds + HOST_GRACE_SECONDS)
            try:
                connection.sendall(request_bytes(request))
                reply, verdict = receive_answer(connection)
            except TimeoutError as error:
                raise DeadlineExceeded(
                    f"{function} did not end and its worker host does not answer",
                    expected=f"{wall_seconds:g} s",
                ) from error
            except ConnectionError as error:
                raise WorkerCrashed(f"the worker host hung up on {function}: {error}") from error
        return _result(function, reply, verdict, wall_seconds, log, start)

    def _connect(self) -> socket.socket:
        if self._address is not None:
            try:
                return _connection(self._address)
            except OSError as error:
                log.warning("no worker host at %s (%s); starting one for this process", self._address, error)
        try:
            return _connection(_own_host.address())
        except OSError as error:
            raise WorkerCrashed(f"the worker host does not answer: {error}") from error


def _connection(address: Path) -> socket.socket:
    """Connect, with patience for a service that is being restarted."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(str(address))
        except OSError:
            connection.close()
            # no socket at all: no service was started, so there is nothing to wait for
            if not address.exists() or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return connection


def _result(
    function: str, reply: bytes, verdict: Verdict | None, wall_seconds: float, log: Path, start: int
) -> JSON:
    def tail() -> str:
        return f"{log} ends with:\n{log_tail(log, start)}"

    if verdict is None:
        raise WorkerCrashed(f"the worker host died while {function} ran", found=tail())
    if "refused" in verdict:
        raise ConfigurationError(f"the worker host refused {function}: {verdict['refused']}")
    if "unable" in verdict:
        raise WorkerCrashed(f"the worker host could not start {function}: {verdict['unable']}")
    if verdict.get("deadline"):
        raise DeadlineExceeded(
            f"{function} was killed at its wall limit",
            expected=f"an end within {wall_seconds:g} s",
            found=tail(),
            remedy="raise the limit (DSA_HCAL_RADIO__TASK_WALL_SECONDS for CASA) or look for what blocks it",
        )
    if verdict.get("stopped"):
        raise WorkerCrashed(f"{function} was ended because its worker host stops", found=tail())
    if verdict["status"] != 0 or not reply:
        ended = "out of memory" if verdict["status"] == 70 else describe_exit(verdict["status"])
        raise WorkerCrashed(f"the process of {function} ended without a result ({ended})", found=tail())
    answer = json.loads(reply)
    if "error" in answer:
        raise error_from_record(answer["error"])
    if "failure" in answer:
        raise WorkerFailed(f"{function} failed: {answer['failure']}", found=tail(), remedy=f"see {log}")
    return answer["result"]
