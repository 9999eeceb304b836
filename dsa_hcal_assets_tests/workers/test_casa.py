import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dsa_hcal_assets.errors import DeadlineExceeded
from dsa_hcal_assets.workers import WorkerClient, casa
from dsa_hcal_assets.workers.own_host import OwnHost
from dsa_hcal_assets_tests.workers.conftest import PACKAGES

JOBS = "dsa_hcal_assets_tests.workers.casa_jobs"


def test_configuring_names_the_shipped_site_configuration_once(tmp_path: Path):
    environ: dict[str, str] = {}
    casa.configure(tmp_path, environ)
    assert Path(environ["CASASITECONFIG"]).is_file()
    assert Path(environ["MPLCONFIGDIR"]).stat().st_mode & 0o077 == 0
    again = dict(environ)
    casa.configure(tmp_path / "elsewhere", again)
    assert again == environ


@pytest.mark.radio
def test_the_measures_data_are_those_of_casadata():
    assert (casa.measures_directory() / "geodetic" / "IERSeop2000").is_dir()


@pytest.fixture(scope="module")
def casa_host() -> Iterator[OwnHost]:
    host = OwnHost(packages=PACKAGES)
    yield host
    host.stop()


@pytest.fixture
def casa_client(casa_host: OwnHost) -> WorkerClient:
    return WorkerClient(casa_host.address())


@pytest.mark.radio
def test_casa_works_in_one_forked_process_after_another(casa_client: WorkerClient, tmp_path: Path):
    for flux in (1.0, 2.0, 3.0):
        directory = tmp_path / f"flux{flux:g}"
        directory.mkdir()
        arguments = {"directory": str(directory), "flux": flux}
        found = casa_client.call(
            f"{JOBS}:whole_chain", arguments, wall_seconds=120, log=tmp_path / "casa.log"
        )
        assert found["peak"] == pytest.approx(flux, rel=1e-3)
        assert {"small.ms", "small.ms.G", "small.ms.im.image"} <= set(found["files"])
    text = (tmp_path / "casa.log").read_text()
    assert text.count("Begin Task: tclean") == 3, "casalog goes to the job's log"


@pytest.mark.radio
def test_two_casa_processes_work_at_once(casa_client: WorkerClient, tmp_path: Path):
    found: dict[int, float] = {}

    def work(number: int) -> None:
        directory = tmp_path / str(number)
        directory.mkdir()
        arguments = {"directory": str(directory), "flux": float(number)}
        result = casa_client.call(
            f"{JOBS}:whole_chain", arguments, wall_seconds=120, log=tmp_path / f"{number}.log"
        )
        found[number] = result["peak"]

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: pytest.approx(1, rel=1e-3), 2: pytest.approx(2, rel=1e-3)}


@pytest.mark.radio
def test_casas_messages_go_to_the_log_of_their_own_job(casa_client: WorkerClient, tmp_path: Path):
    for word in ("first", "second"):
        casa_client.call(f"{JOBS}:severe", {"text": f"{word} message"}, wall_seconds=60, log=tmp_path / word)
    assert "first message" in (tmp_path / "first").read_text()
    assert "first message" not in (tmp_path / "second").read_text()


@pytest.mark.radio
def test_a_hanging_casa_is_killed_with_its_children_and_its_messages_stay(
    casa_client: WorkerClient, tmp_path: Path
):
    mark, log = tmp_path / "mark", tmp_path / "runs" / "4711" / "flags.log"
    with pytest.raises(DeadlineExceeded, match="the last words on stderr") as killed:
        casa_client.call(f"{JOBS}:hang_after_a_message", {"mark": str(mark)}, wall_seconds=10, log=log)
    assert killed.value.transient
    for pid in map(int, mark.read_text().split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert "the last message before it hung" in log.read_text()


@pytest.mark.radio
def test_a_flood_of_casa_messages_is_bounded(casa_client: WorkerClient, tmp_path: Path):
    casa_client.call(f"{JOBS}:flood_casalog", {"megabytes": 100}, wall_seconds=120, log=tmp_path / "log")
    assert (tmp_path / "log").stat().st_size < 80 * 2**20


@pytest.mark.radio
def test_casa_uses_the_shipped_measures_data(casa_client: WorkerClient, tmp_path: Path):
    found = casa_client.call(f"{JOBS}:measures_data", {}, wall_seconds=60, log=tmp_path / "log")
    assert found == str(casa.measures_directory())


@pytest.mark.radio
def test_a_host_without_casa_imported_beforehand_serves_casa_too(tmp_path: Path):
    host = OwnHost(preload=[], packages=PACKAGES)
    WorkerClient(host.address()).call(
        f"{JOBS}:severe", {"text": "late message"}, wall_seconds=120, log=tmp_path / "log"
    )
    host.stop()
    assert "late message" in (tmp_path / "log").read_text()
