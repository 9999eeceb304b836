"""F3 and the traps of an embedded server: kill -9, zombies, dead owners, root, strict parents."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import psycopg2
import pytest

from dsa_hcal_assets.database import account, embedded, lifeline, postmaster, secrets, urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable, DeadlineExceeded, PlatformError
from dsa_hcal_assets_tests.conftest import FAST

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root")


def command_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def guardians(home):
    """Ids of the guardians of servers below `home`; once the shell has become the server it is none."""
    return [
        process.pid
        for process in psutil.process_iter()
        if "postgres-guardian" in command_of(process) and str(home) in command_of(process)
    ]


@pytest.fixture
def home(server_home, request):
    """A directory of this test which the server's account can pass."""
    directory = server_home / f"home{abs(hash(request.node.nodeid))}"
    directory.mkdir()
    directory.chmod(0o711)
    yield directory
    for process in psutil.process_iter(["name"]):
        if str(directory) in command_of(process) and process.info["name"] == "postgres":
            process.kill()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(server_home):
    """A cluster to copy: initdb costs seconds and has tests of its own."""
    place = server_home / "prepared"
    place.mkdir()
    place.chmod(0o711)
    with EmbeddedServer(place / "postgres", settings=FAST):
        pass
    return place


@pytest.fixture
def own(home, cluster):
    """A server of this test's own, stopped at its end."""
    for name in ("postgres", "postgres.passwords"):
        subprocess.run(["cp", "-a", cluster / name, home], check=True, timeout=60)
    server = EmbeddedServer(home / "postgres", settings=FAST | {"shared_buffers": "16MB"})
    yield server
    server.stop()


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_it_serves_our_database_to_a_role_without_privileges(own):
    database = Database(own.start())
    ((name, user, superuser, encoding),) = database.rows(
        "select current_database(), current_user, usesuper, pg_encoding_to_char(encoding) "
        "from pg_user, pg_database where usename = current_user and datname = current_database()"
    )
    assert (name, user, superuser, encoding) == ("dsa_hcal", "dsa_hcal", False, "UTF8")
    database.close()


def test_what_is_acknowledged_is_on_disk(home):
    """Without the test suite's own haste: the settings a user gets."""
    with EmbeddedServer(home / "postgres") as server:
        settings = dict(
            Database(server.url()).rows(
                "select name, setting from pg_settings "
                "where name in ('synchronous_commit', 'fsync', 'full_page_writes', 'max_connections')"
            )
        )
    assert settings == {
        "synchronous_commit": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "max_connections": "200",
    }


def test_it_listens_on_loopback_only_and_asks_everybody_for_the_password(own):
    parameters = urls.parse(own.start())
    assert {
        connection.laddr.ip
        for connection in psutil.Process(own.pid).net_connections()
        if connection.status == "LISTEN" and connection.family == socket.AF_INET
    } == {"127.0.0.1"}
    for host in ("127.0.0.1", urls.parse(own.socket_url())["host"]):
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**{**parameters, "host": host, "password": "wrong"}, connect_timeout=5)


def test_the_password_file_is_for_its_owner_alone(own, home):
    own.start()
    file = home / "postgres.passwords"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert urls.parse(own.url())["password"] in file.read_text()
    own.stop()
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        own.start()


def test_a_restart_keeps_data_and_password(own):
    first = urls.parse(own.start())
    with Database(own.url()).transaction() as cursor:
        cursor.execute("create table t as select 1 as n")
    own.stop()
    second = urls.parse(own.start())
    assert first["password"] == second["password"]
    assert Database(own.url()).rows("select n from t") == [(1,)]


def test_starting_twice_is_starting_once(own):
    assert own.start() == own.start()
    own.stop()
    own.stop()
    with pytest.raises(DatabaseUnavailable, match="no embedded PostgreSQL runs"):
        own.url()


def test_a_port_in_use_is_named_with_the_remedy(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} .* is not free.*DSA_HCAL_DATABASE_PORT"):
            EmbeddedServer(home / "postgres", port).start()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT], ids=lambda number: number.name)
def test_after_a_crash_exactly_the_committed_rows_are_there(own, number):
    """PostgreSQL's own 013_crash_restart: one row committed, one in an open transaction, then the signal."""
    database = Database(own.start())
    with database.transaction() as cursor:
        cursor.execute("create table t (label text)")
        cursor.execute("insert into t values ('committed')")
    pid = own.pid

    def interrupted():
        with database.transaction() as cursor:
            cursor.execute("insert into t values ('open')")
            os.kill(pid, number)
            wait_for(lambda: own.pid is None)
            wait_for(lambda: not postmaster.processes(own.data_dir))

    with pytest.raises(DatabaseUnavailable):
        interrupted()
    own.start()
    database = Database(own.url())
    assert own.pid != pid
    assert database.rows("select label from t") == [("committed",)]
    with database.transaction() as cursor:
        cursor.execute("insert into t values ('after')")
    own.stop()
    own.start()
    assert Database(own.url()).rows("select label from t order by 1") == [("after",), ("committed",)]


def test_a_new_owner_recovers_what_a_killed_postmaster_left_even_with_a_zombie(own):
    """The number in postmaster.pid exists, but as a zombie: PostgreSQL alone would refuse to start."""
    own.start()
    zombie = own.pid
    os.kill(zombie, signal.SIGKILL)
    wait_for(lambda: psutil.Process(zombie).status() == psutil.STATUS_ZOMBIE)
    assert own.pid is None
    other = EmbeddedServer(own.data_dir)
    own._lock.close()
    with other:
        assert Database(other.url()).rows("select 1") == [(1,)]


def test_a_stale_number_that_is_another_program_by_now_is_no_server(own):
    own.start()
    own.stop()
    (own.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{own.data_dir}\n1\n5432\n\n\n\nready\n")
    assert own.pid is None
    own.start()


def test_a_second_user_attaches_and_its_stop_stops_nothing(own):
    url = own.start()
    second = EmbeddedServer(own.data_dir)
    assert second.start() == url
    assert (own.owned, second.owned) == (True, False)
    second.stop()
    Database(url).ping()


def test_starters_at_once_get_one_server(home):
    servers = [EmbeddedServer(home / "postgres", settings=FAST) for _ in range(3)]
    found = []
    threads = [threading.Thread(target=lambda one: found.append(one.start()), args=(one,)) for one in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(set(found)) == 1
    assert len(found) == 3
    assert sum(server.owned for server in servers) == 1
    for server in servers:
        server.stop()


OWNER = """
import sys, time
from pathlib import Path
from dsa_hcal_assets.database import lifeline
from dsa_hcal_assets.database.embedded import EmbeddedServer
if sys.argv[2] == "guardian":
    start = lifeline.start
    lifeline.start = lambda *arguments: start(*arguments, by_kernel=False)
server = EmbeddedServer(Path(sys.argv[1]))
print(server.start(), flush=True)
time.sleep(120)
"""


@pytest.fixture
def owner(home):
    """Start another process that owns a server; returns it and the server's URL."""
    started = []

    def start(lifeline_kind):
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(home / "postgres"), lifeline_kind],
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.mark.parametrize(
    "kind",
    [pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux")), "guardian"],
)
def test_the_server_ends_with_an_owner_that_was_killed(owner, home, kind):
    process, url = owner(kind)
    with Database(url).transaction() as cursor:
        cursor.execute("create table t as select 1 as n")
    process.kill()
    wait_for(lambda: not postmaster.processes(home / "postgres"))
    with EmbeddedServer(home / "postgres") as server:
        assert Database(server.url()).rows("select n from t") == [(1,)]
    assert "crash" not in (home / "postgres.log").read_text(), "it was a shutdown, not a crash"


def test_a_server_whose_owner_and_guardian_were_killed_is_replaced(owner, home):
    process, _ = owner("guardian")
    orphan = postmaster.recorded(home / "postgres")[0]
    for pid in guardians(home):
        os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait(timeout=10)
    time.sleep(0.3)
    assert psutil.pid_exists(orphan), "the orphan must live for this test to mean anything"
    with EmbeddedServer(home / "postgres") as server:
        assert server.pid != orphan
        assert server.owned
        assert Database(server.url()).rows("select 1") == [(1,)]


def test_a_guardian_is_dismissed_after_an_orderly_stop(home, monkeypatch):
    start = lifeline.start
    monkeypatch.setattr(lifeline, "start", lambda *arguments: start(*arguments, by_kernel=False))

    with EmbeddedServer(home / "postgres", settings=FAST):
        assert len(guardians(home)) == 1
    wait_for(lambda: guardians(home) == [])


def test_a_first_start_that_was_killed_half_way_is_begun_anew(own):
    own.start()
    own.stop()
    data = own.data_dir
    (data / "initdb").mkdir()
    (data / "PG_VERSION").unlink()
    own.start()
    assert (data / "PG_VERSION").exists()


def test_a_directory_with_something_else_in_it_is_left_as_it_is(home):
    (home / "postgres").mkdir()
    (home / "postgres" / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigurationError, match="neither empty nor a PostgreSQL data directory"):
        EmbeddedServer(home / "postgres").start()
    assert (home / "postgres" / "thesis.tex").read_text() == "years of work"


def test_a_cluster_of_another_major_version_is_left_as_it_is(own):
    own.start()
    own.stop()
    (own.data_dir / "PG_VERSION").write_text("16\n")
    with pytest.raises(ConfigurationError, match="another major version"):
        own.start()
    (own.data_dir / "PG_VERSION").write_text("18\n")
    own.start()


def test_a_server_that_cannot_start_says_why(home):
    server = EmbeddedServer(home / "postgres", settings={"shared_buffers": "nonsense"})
    with pytest.raises(DatabaseUnavailable, match="nonsense"):
        server.start()
    assert not server.owned


def test_a_start_has_a_deadline(own, monkeypatch):
    own.start()
    own.stop()
    monkeypatch.setattr(EmbeddedServer, "_accepts", lambda self: False)
    own._start_seconds = 0.5
    with pytest.raises(DeadlineExceeded, match=r"did not serve within 0\.5 s"):
        own.start()
    assert postmaster.processes(own.data_dir) == []


def test_a_path_too_long_for_a_socket_still_has_one(home):
    deep = home / ("d" * 100)
    deep.mkdir()
    deep.chmod(0o711)
    with EmbeddedServer(deep / "postgres", settings=FAST) as server:
        assert Database(server.socket_url()).rows("select 1") == [(1,)]
        place = Path(urls.parse(server.socket_url())["host"])
        assert len(str(place)) < 80
    shutil.rmtree(place, ignore_errors=True)


def test_damaged_passwords_are_named(home):
    (home / "postgres.passwords").write_text("{}")
    (home / "postgres.passwords").chmod(0o600)
    with pytest.raises(ConfigurationError, match="is damaged"):
        secrets.load(home / "postgres.passwords")


class TestUnderRoot:
    @as_root
    def test_the_server_runs_under_an_account_without_privileges(self, own):
        own.start()
        assert psutil.Process(own.pid).uids().real != 0
        assert own.data_dir.stat().st_uid == psutil.Process(own.pid).uids().real
        assert stat.S_IMODE(own.data_dir.stat().st_mode) == 0o700

    @as_root
    def test_parents_it_cannot_pass_are_not_opened_up(self, home, monkeypatch):
        """The state directory lies in a home of mode 0700: the data go elsewhere, a link leads there."""
        system = home / "system"
        monkeypatch.setattr(account, "SYSTEM_DIR", system)
        strict = home / "strict"
        strict.mkdir(mode=0o700)
        with EmbeddedServer(strict / "state" / "postgres", settings=FAST) as server:
            assert Database(server.url()).rows("select 1") == [(1,)]
            assert (strict / "state" / "postgres").readlink().parent == system / "clusters"
        assert stat.S_IMODE(strict.stat().st_mode) == 0o700
        with EmbeddedServer(strict / "state" / "postgres", settings=FAST) as server:
            assert Database(server.url()).rows("select 1") == [(1,)]

    @as_root
    def test_programs_it_cannot_reach_are_copied(self, home, monkeypatch):
        monkeypatch.setattr(account, "SYSTEM_DIR", home / "system")
        strict = home / "strict"
        strict.mkdir(mode=0o700)
        package = embedded._installation().parent
        for place in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(
                place, strict / place.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall")
            )
        hidden = strict / package.name / embedded.INSTALLATION
        monkeypatch.setattr(embedded, "_installation", lambda: hidden)
        with EmbeddedServer(home / "postgres", settings=FAST) as server:
            assert Database(server.url()).rows("select 1") == [(1,)]
            assert Path(psutil.Process(server.pid).exe()).is_relative_to(home / "system" / "programs")

    @as_root
    def test_without_any_account_the_remedy_is_named(self, home):
        with pytest.raises(ConfigurationError, match="useradd --system nosuchuser"):
            EmbeddedServer(home / "postgres", account_name="nosuchuser").start()


@as_root
def test_a_normal_user_needs_nothing_of_all_that(home):
    """Run for real under uid 65534 in a forked child, all the way from initdb to a query."""
    nobody = account.Account("nobody", 65534, 65534)
    if not nobody.can_enter(embedded._installation() / "bin"):
        pytest.skip("the virtual environment is out of reach for another user")
    home.chmod(0o755)
    os.chown(home, nobody.uid, nobody.gid)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.gid)
            os.setuid(nobody.uid)
            with EmbeddedServer(home / "postgres", settings=FAST) as server:
                owner = psutil.Process(server.pid).uids().real
                answer = Database(server.url()).rows("select 40 + 2")[0][0]
                os.write(writer, f"{owner} {answer}".encode())
        except (OSError, PlatformError) as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"65534 42"
    os.waitpid(child, 0)
    assert (home / "postgres").stat().st_uid == nobody.uid
