"""The error tree: every failure the platform raises on purpose.

Belongs here: the root, the transient/permanent split that retries follow, and the errors that
several rooms raise. An error only one room raises lives in that room and subclasses one of these.

A message always says what happened to what, what was expected, what was found, what became of
the data and what to do about it.
"""

from typing import ClassVar


class PlatformError(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    what
        What happened, naming the file, board, field, partition or process.
    expected, found
        What was required and what was there instead.
    kept
        What happened to the data ("quarantined at ...", "left in place", ...).
    remedy
        What a person should do.
    """

    transient: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        kept: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.expected = expected
        self.found = found
        self.kept = kept
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        parts = [self.what]
        for label in ("expected", "found", "kept", "remedy"):
            text = getattr(self, label)
            if text is not None:
                parts.append(f"{label}: {text}")
        return "; ".join(parts)

    def as_record(self) -> dict[str, str | bool | None]:
        """Return the error as a flat record for the ledger, an alert or a worker's reply."""
        return {
            "error": type(self).__name__,
            "transient": self.transient,
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
            "kept": self.kept,
            "remedy": self.remedy,
        }


class TransientError(PlatformError):
    """The same call may succeed later without anyone changing anything: retry with back-off."""

    transient: ClassVar[bool] = True


class PermanentError(PlatformError):
    """Trying again changes nothing until somebody changes the input or the configuration."""


class ConfigurationError(PermanentError):
    """A setting, threshold, profile or map is wrong; names the key."""


class BadInput(PermanentError):
    """Data that arrived cannot be used; it is kept in quarantine."""


class InputConflict(BadInput):
    """Other content has already been accepted for the same source and sample time."""


class ProductMissing(PermanentError):
    """A product that is needed has not been made (or its bytes are gone)."""


class GateBlocked(PermanentError):
    """A product exists, but a blocking check failed: nothing downstream may use it."""


class DatabaseUnavailable(TransientError):
    """The database refused, dropped or did not answer a connection in time."""


class DeadlineExceeded(TransientError):
    """A network, subprocess or database call did not end within its wall limit."""


class WorkerCrashed(TransientError):
    """A worker process died (signal, abort, exit without a result)."""
