"""Which services the platform has, how each is started, and in which order they end."""

import shutil
import sys
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGHUP, Signals

from dsa_hcal_assets.access.binding import require_guarded
from dsa_hcal_assets.alerts.outlets import Outlets
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import ConfigurationError, PlatformError
from dsa_hcal_assets.services import acquisition, ports, probes
from dsa_hcal_assets.services.environment import dagster_home, service_environment
from dsa_hcal_assets.services.errors import ServiceFailed
from dsa_hcal_assets.services.postgres import ExternalDatabase, PostgresMember
from dsa_hcal_assets.services.process import Service, ServiceProcess
from dsa_hcal_assets.settings import Settings, environment_name
from dsa_hcal_assets.workers import casa
from dsa_hcal_assets.workers.sockets import socket_path

DEFINITIONS = "dsa_hcal_assets.definitions"
API = "dsa_hcal_assets.web.serve"
DAGSTER_YAML = Path(__file__).with_name("dagster.yaml")
# What a run imports besides the definitions, found by comparing sys.modules in a run's worker and in
# its host. Importing them early only saves time: a name that a later Dagster lacks is reported by the
# host and changes nothing, hence no harm in those with an underscore.
RUN_PRELOAD = (
    "dagster",
    "dagster_postgres",
    "dagster._core.definitions.external_asset",
    "dagster._core.execution.plan.active",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.system_config.composite_descent",
    "dagster._core.workspace.autodiscovery",
    "fsspec.implementations.local",
    "psycopg2.extras",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "upath.implementations.local",
    "watchdog.observers.polling",
)
# first what makes new work, then what works, then what serves, last what all of them need
STAGES = {"acquisition": 10, "daemon": 20, "runs": 30, "casa": 40, "alerts": 80, "database": 90}
OPTIONAL = frozenset({"acquisition", "alerts", "api", "casa", "daemon", "webserver", "runs"})


@dataclass(frozen=True)
class _Builder:
    """Makes services that share an environment, a log directory and a list of wishes."""

    environment: dict[str, str]
    logs: Path

    def process(self, name: str, argv: list[str], *, retire: Signals | None = None) -> ServiceProcess:
        log = self.logs / f"{name}.log"
        return ServiceProcess(tuple(argv), log, self.environment, retire_signal=retire)

    def host(self, socket: Path, preload: tuple[str, ...], *more: str) -> list[str]:
        words = [word for name in preload for word in ("--preload", name)]
        return [sys.executable, "-m", "dsa_hcal_assets.workers.host", "--socket", str(socket), *words, *more]


def platform_services(
    settings: Settings, *, definitions: str = DEFINITIONS, without: Collection[str] = ()
) -> list[Service]:
    """Return the platform's services, ports chosen and directories made.

    Parameters
    ----------
    settings
        What the operator chose.
    definitions
        Module with the Dagster definitions.
    without
        Names of services to leave out, of `OPTIONAL`.

    Raises
    ------
    PortBusy
        If a port is taken.
    ConfigurationError
        For an unknown name in `without`, an address or route of alerts that makes no sense, or an API that
        others could reach without anyone who may sign in.
    """
    if not OPTIONAL.issuperset(without):
        raise ConfigurationError(
            f"services {sorted(set(without) - OPTIONAL)} cannot be left out",
            expected=f"some of {sorted(OPTIONAL)}",
        )
    # wrong addresses are found before anything is started
    outlets = Outlets.of(settings)
    outlets.check()
    state = settings.state_dir.absolute()
    web_port, api_port = _ports(settings)
    web, api = f"http://127.0.0.1:{web_port}", f"http://{_reachable(settings.api_host)}:{api_port}"
    database, url = _database(settings)
    if "api" not in without:
        _require_guarded(settings.api_host, database, url)
    # services read the ports that were chosen where the settings ask for any
    settings = settings.model_copy(update={"webserver_port": web_port, "api_port": api_port})
    build = _Builder(service_environment(settings, url), settings.logs / "services")
    prepare_directories(settings, definitions)
    code, runs, radio = (socket_path(state, name) for name in ("code", "runs", "casa"))
    workspace = ["-w", str(dagster_home(state) / "workspace.yaml")]
    module = ["-m", definitions, "--location-name", location_name(definitions)]
    python = sys.executable
    services = [
        database,
        Service(
            "prepare", build.process("prepare", [python, "-m", "dsa_hcal_assets.services.prepare"]), once=True
        ),
        Service(
            "code-server",
            build.process(
                "code-server", [*_script("dagster"), "api", "grpc", "-s", str(code), *module, "-n", "16"]
            ),
            probes.socket_open(code),
            reload=True,
        ),
        Service(
            "runs",
            build.process(
                "runs",
                build.host(runs, (*RUN_PRELOAD, definitions), "--console-script", "dagster"),
                retire=SIGHUP,
            ),
            probes.worker_host(runs),
            grace_seconds=15,
            reload=True,
        ),
        Service(
            "webserver",
            build.process(
                "webserver",
                [*_script("dagster-webserver"), "-h", "127.0.0.1", "-p", str(web_port), *workspace],
            ),
            probes.locations_loaded(web),
            ("code-server",),
            port=web_port,
            url=web,
        ),
        Service(
            "daemon",
            build.process("daemon", [*_script("dagster-daemon"), "run", *workspace]),
            probes.daemons_healthy(web),
            ("code-server", "runs", "webserver"),
            # it waits for sensors that are in their tick; cut short, they are simply evaluated again
            grace_seconds=4,
        ),
        Service(
            "api",
            build.process("api", [python, "-m", API]),
            probes.http_ok(f"{api}/api/health"),
            port=api_port,
            url=api,
        ),
        Service(
            "casa",
            build.process("casa", build.host(radio, casa.PRELOAD)),
            probes.worker_host(radio),
            # nothing needs it in the first seconds, and its imports are the heaviest
            ("webserver",),
        ),
        *_alerts(build, outlets),
        *_acquisition(build, settings),
    ]
    left_out = set(without) if casa.available() else {*without, "casa"}
    kept = [service for service in services if service.name not in left_out]
    names = {service.name for service in kept}
    return [_ordered(service, names) for service in kept]


def _ordered(service: Service, names: set[str]) -> Service:
    """Add what every service waits for, drop what is left out, and set when it ends."""
    first = {"database": (), "runs": (), "prepare": ("database",)}.get(service.name, ("prepare",))
    after = tuple(dict.fromkeys((*first, *(name for name in service.after if name in names))))
    return replace(service, after=after, stop_stage=STAGES.get(service.name, service.stop_stage))


def _acquisition(build: _Builder, settings: Settings) -> list[Service]:
    if not acquisition.wanted(settings):
        return []
    jobs = str(acquisition.job_directory(settings))
    process = build.process("acquisition", [*_script("dsa-hcal"), "daq", "run", jobs])
    return [Service("acquisition", process, grace_seconds=acquisition.STOP_SECONDS)]


def _alerts(build: _Builder, outlets: Outlets) -> list[Service]:
    if not outlets.channels:
        return []
    command = [*_script("dsa-hcal"), "alerts", "deliver", "--follow"]
    return [Service("alerts", build.process("alerts", command))]


def _ports(settings: Settings) -> tuple[int, int]:
    web = ports.resolve(
        settings.webserver_port,
        host="127.0.0.1",
        purpose="Dagster UI",
        variable=environment_name("webserver_port"),
    )
    api = ports.resolve(
        settings.api_port, host=settings.api_host, purpose="API", variable=environment_name("api_port")
    )
    return web, api


def _reachable(host: str) -> str:
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared
        return "127.0.0.1" if host != "::" else "[::1]"
    return f"[{host}]" if ":" in host else host


def _require_guarded(host: str, service: Service, url: str) -> None:
    database = Database(url)
    try:
        require_guarded(host, database)
    except PlatformError:
        # the embedded server was started for its URL, and nobody watches it yet
        service.member.request_stop()
        raise
    finally:
        database.close()


def _database(settings: Settings) -> tuple[Service, str]:
    """Return the database's service and URL; the embedded server is started here, for its URL."""
    if settings.database_url is not None:
        return Service(
            "database", ExternalDatabase(), probes.database(settings.database_url)
        ), settings.database_url
    port = ports.resolve(
        settings.database_port,
        host="127.0.0.1",
        purpose="embedded database",
        variable=environment_name("database_port"),
    )
    member = PostgresMember(EmbeddedServer(settings.state_dir.absolute() / "postgres", port))
    member.start()
    failure = member.ended()
    if failure is not None:
        raise ServiceFailed(f"the embedded database did not start: {failure}")
    service = Service(
        "database", member, probes.database(member.url), grace_seconds=60, stop_stage=90, port=port
    )
    return service, member.url


def prepare_directories(settings: Settings, definitions: str = DEFINITIONS) -> None:
    """Make the directories data land in and Dagster's home with its two files."""
    home = dagster_home(settings.state_dir)
    for directory in (home, settings.logs, settings.products, settings.quarantine):
        directory.mkdir(parents=True, exist_ok=True)
    for source in ("uvh5", "ms", "hcal", "rig"):
        (settings.incoming / source).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DAGSTER_YAML, home / "dagster.yaml")
    socket = socket_path(settings.state_dir, "code")
    (home / "workspace.yaml").write_text(
        "load_from:\n"
        f"  - grpc_server: {{socket: {str(socket)!r}, location_name: {location_name(definitions)}}}\n"
    )


def location_name(definitions: str) -> str:
    """Return the name of the code location of a definitions module."""
    return definitions.removesuffix(".definitions").replace(".", "_")


def _script(name: str) -> list[str]:
    """Return the command of an installed console script of this environment."""
    return [str(Path(sysconfig.get_path("scripts")) / name)]
