"""The small parts the stack is made of: ports, environment, status file, sweep, files of Dagster's home."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.database.embedded import running_url
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.services import ports
from dsa_hcal_assets.services.environment import (
    SUPERVISOR_VARIABLE,
    service_environment,
    settings_environment,
    supervisor_id,
)
from dsa_hcal_assets.services.errors import PortBusy
from dsa_hcal_assets.services.stack import (
    DAGSTER_YAML,
    location_name,
    platform_services,
    prepare_directories,
)
from dsa_hcal_assets.services.status import ServiceStatus, StackStatus, State, read_status, write_status
from dsa_hcal_assets.services.sweep import leftovers, reap_adopted, sweep
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.settings.alerts import AlertSettings
from dsa_hcal_assets_tests.workers.test_client import until

ROOT = Path(__file__).parents[2]


def test_a_busy_port_is_refused_naming_its_holder_and_what_to_set():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            ports.resolve(port, host="127.0.0.1", purpose="Dagster UI", variable="DSA_HCAL_WEBSERVER_PORT")
    assert f"127.0.0.1:{port}" in caught.value.what
    assert f"process {os.getpid()}" in caught.value.found
    assert "DSA_HCAL_WEBSERVER_PORT" in caught.value.remedy


def test_port_zero_takes_a_free_one():
    first = ports.resolve(0, host="127.0.0.1", purpose="API", variable="X")
    assert ports.resolve(first, host="127.0.0.1", purpose="API", variable="X") == first > 0


@given(
    st.builds(
        Settings,
        state_dir=st.sampled_from([Path("/somewhere/state"), Path("/a b/ä")]),
        api_port=st.integers(0, 65535),
        webhook_url=st.none() | st.just("http://localhost/hook?a=b&c"),
        database_url=st.none() | st.just("postgresql://u:p%40@h/d"),
    )
)
def test_the_environment_carries_exactly_the_settings(settings: Settings):
    base = {
        "PATH": "/bin",
        "DSA_HCAL_API_PORT": "1",
        "DATABASE_URL": "postgresql://other/x",
        "HOST": "0.0.0.0",
    }
    assert load_settings(settings_environment(settings, base)) == settings


def test_relative_paths_do_not_depend_on_where_a_service_runs():
    found = settings_environment(Settings(state_dir=Path("state")), {})
    assert found["DSA_HCAL_STATE_DIR"] == str(Path("state").absolute())


def test_services_are_told_the_database_and_may_read_their_settings(tmp_path: Path):
    environment = service_environment(Settings(state_dir=tmp_path), "postgresql://me:secret@127.0.0.1:1/d")
    assert load_settings(environment).database_url == "postgresql://me:secret@127.0.0.1:1/d"
    assert environment["DSA_HCAL_DAGSTER_POSTGRES_URL"].startswith("postgresql+psycopg2://")
    assert environment[SUPERVISOR_VARIABLE] == supervisor_id(tmp_path)


def test_a_state_directory_keeps_its_mark_under_any_spelling(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path)
    assert supervisor_id(tmp_path) == supervisor_id(tmp_path / "link" / ".")


def test_the_status_is_read_as_it_was_written(tmp_path: Path):
    services = {
        "api": ServiceStatus("api", State.READY, pid=3, port=8110, url="http://127.0.0.1:8110"),
        "prepare": ServiceStatus("prepare", State.DONE),
    }
    status = StackStatus(str(ProcessIdentity.of(os.getpid())), services)
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    assert status.alive
    assert status.ready
    assert status.url("api") == "http://127.0.0.1:8110"


def test_the_status_of_a_dead_supervisor_is_not_alive(tmp_path: Path):
    assert read_status(tmp_path) is None
    write_status(tmp_path, StackStatus("1:1:other-boot"))
    found = read_status(tmp_path)
    assert found is not None
    assert not found.alive
    assert not found.ready


def test_sweeping_ends_what_carries_the_mark_and_nothing_else():
    environment = {**os.environ, SUPERVISOR_VARIABLE: "mark-of-this-test"}
    marked = subprocess.Popen(["sleep", "300"], env=environment, start_new_session=True)
    other = subprocess.Popen(["sleep", "300"], env={**environment, SUPERVISOR_VARIABLE: "another"})
    until(lambda: [found.pid for found in leftovers("mark-of-this-test")] == [marked.pid])
    assert sweep("mark-of-this-test") == 1
    assert marked.wait(5) is not None
    assert other.poll() is None
    other.kill()
    other.wait()


def test_sweeping_spares_its_own_process_and_ancestors():
    code = "from dsa_hcal_assets.services.sweep import sweep; print(sweep('m'))"
    environment = {**os.environ, SUPERVISOR_VARIABLE: "m"}
    shell = [
        sys.executable,
        "-c",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])",
    ]
    found = subprocess.run(shell, env=environment, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "0"


def test_reaping_leaves_ones_own_children_alone():
    process = subprocess.Popen(["sh", "-c", "exit 7"])
    until(lambda: not ProcessIdentity.of(process.pid).alive())
    reap_adopted({process.pid})
    assert process.wait() == 7


def test_dagsters_home_is_filled(tmp_path: Path):
    settings = Settings(state_dir=tmp_path)
    prepare_directories(settings, "package.definitions")
    home = tmp_path / "dagster"
    instance = yaml.safe_load((home / "dagster.yaml").read_text())
    assert instance["storage"]["custom"]["config"] == {"variable": "DSA_HCAL_DAGSTER_POSTGRES_URL"}
    assert instance["telemetry"] == {"enabled": False}
    assert {
        "key": "dsa_hcal/partition",
        "value": {"applyLimitPerUniqueValue": True},
        "limit": 1,
    } in instance["concurrency"]["runs"]["tag_concurrency_limits"]
    (server,) = yaml.safe_load((home / "workspace.yaml").read_text())["load_from"]
    assert server["grpc_server"]["location_name"] == "package"
    assert {path.name for path in settings.incoming.iterdir()} == {"uvh5", "ms", "hcal", "rig"}


def test_the_instance_file_at_the_top_is_the_one_the_platform_uses():
    assert (ROOT / "dagster.yaml").read_text() == DAGSTER_YAML.read_text()
    (module,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert module["python_module"]["location_name"] == location_name("dsa_hcal_assets.definitions")


def test_needed_services_cannot_be_left_out(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="prepare"):
        platform_services(Settings(state_dir=tmp_path), without=["prepare"])


def test_an_api_that_others_reach_is_refused_without_an_admin_token(database, tmp_path: Path):
    settings = Settings(
        state_dir=tmp_path, database_url=database.url, api_port=0, webserver_port=0, api_host="0.0.0.0"
    )
    with pytest.raises(ConfigurationError, match="DSA_HCAL_API_HOST"):
        platform_services(settings)
    platform_services(settings, without=["api"])
    tokens.create(database, "a", Role.ADMIN, by="test", expires_at=None)
    api = next(service for service in platform_services(settings) if service.name == "api")
    assert api.url == f"http://127.0.0.1:{api.port}"


@pytest.mark.services
def test_the_embedded_server_does_not_outlive_that_refusal(tmp_path: Path):
    tmp_path.chmod(0o755)
    settings = Settings(
        state_dir=tmp_path / "state", api_port=0, webserver_port=0, database_port=0, api_host="0.0.0.0"
    )
    with pytest.raises(ConfigurationError, match="DSA_HCAL_API_HOST"):
        platform_services(settings)
    with pytest.raises(DatabaseUnavailable):
        running_url(settings.state_dir / "postgres")


def test_the_platform_with_a_database_elsewhere_starts_none(tmp_path: Path):
    settings = Settings(
        state_dir=tmp_path, database_url="postgresql://u:p@127.0.0.1:1/d", api_port=0, webserver_port=0
    )
    services = {service.name: service for service in platform_services(settings)}
    assert services["database"].member.pid is None
    assert "acquisition" not in services
    assert services["prepare"].after == ("database",)
    last = max(services.values(), key=lambda service: service.stop_stage)
    assert last.name == "database"


def test_alerts_are_delivered_when_there_is_somebody_to_tell(tmp_path: Path):
    elsewhere = {"database_url": "postgresql://u:p@127.0.0.1:1/d", "api_port": 0, "webserver_port": 0}
    settings = Settings(state_dir=tmp_path, **elsewhere)
    assert "alerts" not in {service.name for service in platform_services(settings)}
    settings = settings.model_copy(update={"webhook_url": "http://127.0.0.1:9/"})
    services = {service.name: service for service in platform_services(settings)}
    assert services["alerts"].after == ("prepare",)
    assert services["api"].stop_stage < services["alerts"].stop_stage < services["database"].stop_stage


def test_an_address_nobody_knows_is_refused_at_the_start_and_not_shown(tmp_path: Path):
    alerts = AlertSettings(other_urls="pager=nosuch://s3cret", routes="*:error pager")
    with pytest.raises(ConfigurationError, match="ALERTS__OTHER_URLS") as caught:
        platform_services(Settings(state_dir=tmp_path, alerts=alerts))
    assert "s3cret" not in str(caught.value)
    assert not (tmp_path / "postgres").exists()


def test_acquisition_runs_when_boards_are_named(tmp_path: Path):
    settings = Settings.model_validate(
        {
            "state_dir": tmp_path,
            "database_url": "postgresql://u:p@127.0.0.1:1/d",
            "api_port": 0,
            "webserver_port": 0,
            "hcal": {"boards_file": tmp_path / "boards.toml"},
        }
    )
    services = {service.name: service for service in platform_services(settings)}
    first = min(services.values(), key=lambda service: service.stop_stage)
    assert first.name == "acquisition"
