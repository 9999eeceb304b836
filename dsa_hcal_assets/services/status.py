"""The status file: what runs where, for `dsa-hcal status`, tests and the demo."""

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from dsa_hcal_assets.processes import ProcessIdentity

FILE_NAME = "services.json"


class State(StrEnum):
    """Where a service stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    BACKING_OFF = "backing off"
    CRASH_LOOP = "crash loop"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServiceStatus:
    """One service as last seen by the supervisor."""

    name: str
    state: State
    pid: int | None = None
    port: int | None = None
    url: str | None = None
    restarts: int = 0
    detail: str = ""
    log: str = ""

    @property
    def ready(self) -> bool:
        """Whether it serves, or has done its one job."""
        return self.state in (State.READY, State.DONE)


@dataclass(frozen=True)
class StackStatus:
    """All services of a state directory."""

    supervisor: str
    services: dict[str, ServiceStatus] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return ProcessIdentity.parse(self.supervisor).alive()

    @property
    def ready(self) -> bool:
        """Whether every service is ready."""
        return bool(self.services) and all(service.ready for service in self.services.values())

    def url(self, name: str) -> str:
        """Return the address of a service people reach by browser.

        Raises
        ------
        KeyError
            If there is no such service or it has none.
        """
        found = self.services[name].url
        if found is None:
            raise KeyError(f"service {name} has no address")
        return found


def write_status(state_dir: Path, status: StackStatus) -> None:
    """Replace the status file in one step."""
    path = state_dir / FILE_NAME
    partial = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    partial.write_text(json.dumps(asdict(status), indent=1) + "\n")
    partial.replace(path)


def read_status(state_dir: Path) -> StackStatus | None:
    """Return the last status written for a state directory, or None; see `StackStatus.alive`."""
    try:
        found = json.loads((state_dir / FILE_NAME).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    services = {
        name: ServiceStatus(**{**values, "state": State(values["state"])})
        for name, values in found["services"].items()
    }
    return StackStatus(found["supervisor"], services)
