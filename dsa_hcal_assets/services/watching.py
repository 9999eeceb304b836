"""What is wrong with the machine and the services themselves, looked at by their supervisor.

Here, because Dagster, the database or a full disk may be what is wrong. A thread of its own: delivering an
alert may take its time, and the supervisor's loop must not wait.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.alerts.delivery import deliver_all
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.services.status import ServiceStatus, State
from dsa_hcal_assets.watch import Condition, follow
from dsa_hcal_assets.watch.disk import low_disks

log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
FAILING = (State.UNHEALTHY, State.BACKING_OFF, State.CRASH_LOOP)
SERVICES, DISKS = "services", "disks"


class FailingServices:
    """Services that have been failing for too long.

    A service in trouble goes from failing to starting and back; only being ready ends the trouble.

    Parameters
    ----------
    patience
        Seconds of failing that are nobody's concern: restarts take care of them.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[str, float] = {}

    def conditions(self, services: Mapping[str, ServiceStatus], now: float) -> list[Condition]:
        """Return the services in trouble at `now` (a monotonic clock's seconds)."""
        for name, service in services.items():
            if service.ready:
                self._since.pop(name, None)
            elif service.state in FAILING:
                self._since.setdefault(name, now)
        return [
            Condition(
                name,
                Severity.CRITICAL,
                "service",
                f"service {name} is down",
                f"{service.state.value}: {service.detail}. It is started again; see {service.log}.",
            )
            for name, service in services.items()
            if name in self._since and now - self._since[name] >= self._patience
        ]


class Teller:
    """Tells conditions with and without the database.

    While it is away nothing is known of open alerts, so what was told is remembered here. It is on record
    once the database is back, and ends as any other alert does.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._unrecorded: set[str] = set()

    def tell(self, scope: str, found: Iterable[Condition]) -> None:
        """Tell what is wrong and what is over."""
        conditions = list(found)
        try:
            self._installation.database.ping()
        except DatabaseUnavailable as error:
            log.warning("%s are looked at without the record of alerts: %s", scope, error)
            self._tell_without_record(scope, conditions)
        else:
            self._unrecorded.clear()
            self._installation.journal.enter(self._installation.database)
            follow(self._installation.database, self._installation.tell, scope, conditions)

    def _tell_without_record(self, scope: str, conditions: Iterable[Condition]) -> None:
        for condition in conditions:
            if condition.key(scope) not in self._unrecorded:
                self._unrecorded.add(condition.key(scope))
                self._installation.tell(condition.alert(scope))


class Watcher:
    """Looks at services and disks until stopped.

    Parameters
    ----------
    installation
        Whose disks, and who is told.
    services
        Returns where the services stand; called from the watcher's thread.
    look_seconds
        Time between two looks.
    """

    def __init__(
        self,
        installation: Installation,
        services: Callable[[], Mapping[str, ServiceStatus]],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._installation = installation
        self._services = services
        self._look_seconds = look_seconds
        self._failing = FailingServices(installation.settings.watch.service_down_seconds)
        self._teller = Teller(installation)
        self._stop = threading.Event()
        # a daemon: nothing waits for a delivery when everything is to end
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; services that end now are meant to."""
        self._stop.set()

    def look(self) -> None:
        """Look once."""
        settings = self._installation.settings
        failing = self._failing.conditions(self._services(), time.monotonic())
        self._teller.tell(SERVICES, failing)
        self._teller.tell(
            DISKS,
            low_disks(
                settings.written_directories.values(),
                settings.watch.disk_warning_gb,
                settings.watch.disk_critical_gb,
            ),
        )
        if any(service.name == "alerts" for service in failing):
            # who would tell that the teller is down?
            deliver_all(self._installation.database, self._installation.outlets)

    def _watch(self) -> None:
        while not self._stop.wait(self._look_seconds):
            try:
                self.look()
            except Exception:  # the watch must outlive whatever it stumbles on
                log.exception("services and disks could not be looked at")
