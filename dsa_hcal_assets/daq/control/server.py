"""The supervisor's end of remote control: CURVE on Unix sockets and TCP alike, known keys only."""

import logging
import time
from pathlib import Path
from typing import Protocol

import msgspec
import zmq
from zmq.auth.thread import ThreadAuthenticator

from dsa_hcal_assets.daq.control.audit import Audit
from dsa_hcal_assets.daq.control.keys import known_operators, server_keys
from dsa_hcal_assets.daq.control.requests import READING, Answer, Request, read_request, write
from dsa_hcal_assets.errors import BadInput, PermanentError, PlatformError, TransientError

log = logging.getLogger(__name__)

_DOMAIN = "daq-control"
_MOST_AT_ONCE = 20
_LONGEST_REQUEST = 256 * 1024


class BadRequest(BadInput):
    """What came is no request."""


class NotAllowed(PermanentError):
    """The operator's key was taken back after the connection was made."""


class NotAudited(TransientError):
    """An order was not carried out because it could not be written down."""


class Commands(Protocol):
    """Who carries out requests."""

    def carry_out(self, request: Request) -> object:
        """Do what is asked and return the result; raises PlatformError."""


class _KnownKeys:
    """Which keys may connect: those in the directory at the moment of the connection."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002
        """Tell whether the public key (Z85) is an operator's."""
        return key in known_operators(self._directory)


class ControlServer:
    """Listens for requests and answers them in the supervisor's own thread.

    Parameters
    ----------
    directory
        Of the keys (`control.keys`).
    address
        Where to listen.
    audit
        Where orders are written down.

    Attributes
    ----------
    endpoint
        Where clients connect to.
    """

    def __init__(self, directory: Path, address: str, audit: Audit) -> None:
        self._directory, self._audit = directory, audit
        keys = server_keys(directory)
        # a context of its own: the authenticator rules over all sockets of a context
        self._context = zmq.Context()
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(_DOMAIN, _KnownKeys(directory))
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 1000)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LONGEST_REQUEST)
        self._socket.setsockopt_string(zmq.ZAP_DOMAIN, _DOMAIN)
        self._socket.setsockopt(zmq.CURVE_SERVER, 1)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        self._socket.bind(address)
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def serve(self, commands: Commands, seconds: float) -> bool:
        """Answer what comes within `seconds`, at least one poll; return whether anything was changed."""
        changed = False
        deadline = time.monotonic() + seconds
        for _ in range(_MOST_AT_ONCE):
            left = max(0.0, deadline - time.monotonic())
            if not self._socket.poll(int(left * 1000)):
                break
            changed |= self._answer_one(commands)
        return changed

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        self._authenticator.stop()
        self._context.term()

    def _answer_one(self, commands: Commands) -> bool:
        frames = self._socket.recv_multipart(copy=False)
        parts = [frame.bytes for frame in frames]
        who = known_operators(self._directory).get(str(frames[-1].get("User-Id")).encode())
        address = str(frames[-1].get("Peer-Address"))
        if who is None:
            log.warning("a key that was taken back still asks, at %s", address)
            self._reply(parts, Answer(error=NotAllowed("this key is no longer allowed").as_record()))
            return False
        try:
            request = read_request(parts[-1])
        except msgspec.DecodeError as error:
            log.warning("%s at %s asked for something unknown: %s", who, address, error)
            self._reply(parts, Answer(error=BadRequest("this is no request", found=str(error)).as_record()))
            return False
        answer = self._carry_out(commands, request, who, address)
        self._reply(parts, answer)
        return not isinstance(request, READING)

    def _carry_out(self, commands: Commands, request: Request, who: str, address: str) -> Answer:
        audited = not isinstance(request, READING)
        try:
            if audited:
                self._write_down(who, address, request, "ordered")
            answer = Answer(commands.carry_out(request))
        except PlatformError as error:
            answer = Answer(error=error.as_record())
        if audited:
            done = "done" if answer.error is None else f"refused: {answer.error['what']}"
            try:
                self._write_down(who, address, request, done)
            except NotAudited as error:
                log.error("%s", error)
        return answer

    def _write_down(self, who: str, address: str, request: Request, result: str) -> None:
        arguments = msgspec.to_builtins(request)
        what = arguments.pop("type")
        log.info("%s at %s: %s %s: %s", who, address, what, arguments, result)
        try:
            self._audit.add(who, address, what, arguments, result)
        except OSError as error:
            raise NotAudited(
                f"{what} of {who} cannot be written down in {self._audit.path}",
                found=str(error),
                remedy="free space; orders are carried out only when they are audited",
            ) from error

    def _reply(self, parts: list[bytes], answer: Answer) -> None:
        self._socket.send_multipart([*parts[:-1], write(answer)])
