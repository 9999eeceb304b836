"""What may be asked of a supervisor, and its answers, as JSON."""

from typing import Annotated, Any

import msgspec

LONGEST_LOG = 1000

_JobId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Asked(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class ListJobs(_Asked, frozen=True):
    """Ids, types and states."""


class ShowStatus(_Asked, frozen=True):
    """Everything the status file says."""


class FetchLog(_Asked, frozen=True):
    """The last lines of a job's log."""

    job: _JobId
    lines: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_LOG)] = 100


class StartJob(_Asked, frozen=True):
    """Start a job that is stopped, done, or waits after failures."""

    job: _JobId


class StopJob(_Asked, frozen=True):
    """End a job in order; it stays ended until it is started."""

    job: _JobId


class PauseJob(_Asked, frozen=True):
    """Have a job make no steps and take no messages."""

    job: _JobId


class ResumeJob(_Asked, frozen=True):
    """Have a paused job go on."""

    job: _JobId


class SetJobInterval(_Asked, frozen=True):
    """Have a job make a step each `seconds`."""

    job: _JobId
    seconds: Annotated[float, msgspec.Meta(gt=0, le=1e9)]


class Reload(_Asked, frozen=True):
    """Read the configuration again and change what has changed."""


class RunJob(_Asked, frozen=True):
    """Run a job from TOML text until the supervisor ends."""

    text: Annotated[str, msgspec.Meta(max_length=65536)]


Request = (
    ListJobs
    | ShowStatus
    | FetchLog
    | StartJob
    | StopJob
    | PauseJob
    | ResumeJob
    | SetJobInterval
    | Reload
    | RunJob
)
READING = (ListJobs, ShowStatus, FetchLog)
"""Requests that change nothing, and are not audited."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a request.

    Attributes
    ----------
    result
        What it returned.
    error
        Why it was refused (`PlatformError.as_record`); None if it was not.
    """

    result: Any = None
    error: dict[str, Any] | None = None


_encode = msgspec.json.Encoder().encode
_decode_request = msgspec.json.Decoder(Request).decode
_decode_answer = msgspec.json.Decoder(Answer).decode


def write(said: Request | Answer) -> bytes:
    """Return a request or an answer as it travels."""
    return _encode(said)


def read_request(data: bytes) -> Request:
    """Return the request in `data`.

    Raises
    ------
    msgspec.DecodeError
        If it is none.
    """
    request: Request = _decode_request(data)
    return request


def read_answer(data: bytes) -> Answer:
    """Return the answer in `data`.

    Raises
    ------
    msgspec.DecodeError
        If it is none.
    """
    return _decode_answer(data)
