"""An operator's end of remote control."""

from pathlib import Path
from types import TracebackType

import zmq

from dsa_hcal_assets.daq.control.keys import LOCAL_OPERATOR, control_directory
from dsa_hcal_assets.daq.control.requests import Answer, Request, ShowStatus, read_answer, write
from dsa_hcal_assets.daq.federation.keys import KeyMissing, KeyPair, own_keys, public_key
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus, as_status, read_status
from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded, PlatformError


class Refused(PlatformError):
    """The supervisor did not do what was asked; says why."""


class NoSupervisor(ConfigurationError):
    """No supervisor runs in the run directory."""


class ControlClient:
    """Asks one supervisor.

    Parameters
    ----------
    endpoint
        Where it listens.
    server
        Its public key (Z85).
    keys
        The operator's own pair.
    seconds
        How long to wait for an answer.
    """

    def __init__(self, endpoint: str, server: bytes, keys: KeyPair, seconds: float = 10.0) -> None:
        self._endpoint, self._seconds = endpoint, seconds
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.CURVE_SERVERKEY, server)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        self._socket.connect(endpoint)

    @classmethod
    def local(cls, run_dir: Path, seconds: float = 10.0) -> "ControlClient":
        """Return a client of the supervisor of a run directory on this machine.

        Raises
        ------
        NoSupervisor
            If none runs there, or this user may not read its keys.
        """
        status = read_status(run_dir)
        directory = control_directory(run_dir)
        if status is None or not status.alive:
            raise NoSupervisor(
                f"no supervisor runs in {run_dir}", remedy="`dsa-hcal daq run CONFIG_DIR` starts one"
            )
        try:
            return cls(
                status.control,
                public_key(directory / "own.key"),
                own_keys(directory / LOCAL_OPERATOR),
                seconds,
            )
        except KeyMissing as error:
            raise NoSupervisor(
                f"the keys in {directory} cannot be read", remedy="ask as the user that runs the supervisor"
            ) from error

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, request: Request) -> object:
        """Return what the supervisor answers.

        Raises
        ------
        Refused
            If it did not do it.
        DeadlineExceeded
            If it does not answer: it is away, or does not know this operator's key.
        """
        self._socket.send(write(request))
        if not self._socket.poll(int(self._seconds * 1000)):
            raise DeadlineExceeded(
                f"the supervisor at {self._endpoint} did not answer within {self._seconds:g} s",
                remedy="check that it runs, and that it allows this operator's key (`dsa-hcal daq keys`)",
            )
        answer = read_answer(self._socket.recv())
        _raise_if_refused(answer)
        return answer.result

    def status(self) -> SupervisorStatus:
        """Return the supervisor's status."""
        return as_status(self.ask(ShowStatus()))


def _raise_if_refused(answer: Answer) -> None:
    if answer.error is not None:
        raise Refused(
            str(answer.error.get("what")),
            **{key: answer.error.get(key) for key in ("expected", "found", "kept", "remedy")},
        )
