"""Remote control: who may order, what is written down, what is answered."""

import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
import zmq

from dsa_hcal_assets.daq.control.audit import Audit
from dsa_hcal_assets.daq.control.client import ControlClient, NoSupervisor, Refused
from dsa_hcal_assets.daq.control.keys import known_operators
from dsa_hcal_assets.daq.control.requests import (
    Answer,
    FetchLog,
    ListJobs,
    Request,
    RunJob,
    SetJobInterval,
    StopJob,
    read_answer,
    read_request,
    write,
)
from dsa_hcal_assets.daq.control.server import ControlServer
from dsa_hcal_assets.daq.federation.keys import KeyPair, allow, generate_keys, own_keys, public_key
from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded


class Recorder:
    """Remembers what it is told to carry out."""

    def __init__(self) -> None:
        self.done: list[Request] = []

    def carry_out(self, request: Request) -> object:
        if isinstance(request, StopJob) and request.job == "nobody":
            raise ConfigurationError("there is no job 'nobody'", expected="one of a, b")
        self.done.append(request)
        return {"did": type(request).__name__}


class Serving:
    """A server in a thread, as it would be in a supervisor's loop."""

    def __init__(self, run_dir: Path, address: str) -> None:
        self.directory = run_dir / "control"
        self.recorder = Recorder()
        self.audit = run_dir / "audit.jsonl"
        self.server = ControlServer(self.directory, address, Audit(run_dir))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def client(self, keys: KeyPair | None = None, seconds: float = 10.0) -> ControlClient:
        keys = keys or own_keys(self.directory / "local")
        return ControlClient(self.server.endpoint, public_key(self.directory / "own.key"), keys, seconds)

    def audited(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def _serve(self) -> None:
        while not self._stop.is_set():
            self.server.serve(self.recorder, 0.02)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.server.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    serving: list[Serving] = []

    def serve(address: str | None = None) -> Serving:
        serving.append(Serving(tmp_path, address or f"ipc://{tmp_path}/socket"))
        return serving[-1]

    yield serve
    for one in serving:
        one.close()


def operator(serving: Serving, tmp_path: Path, name: str, *, allowed: bool = True) -> KeyPair:
    certificate = generate_keys(tmp_path / name)
    if allowed:
        allow(serving.directory, name, certificate)
    return own_keys(tmp_path / name)


def test_the_local_operator_may_order_and_orders_are_written_down(serve):
    serving = serve()
    with serving.client() as client:
        assert client.ask(SetJobInterval("a/b", 0.5)) == {"did": "SetJobInterval"}
    assert serving.recorder.done == [SetJobInterval("a/b", 0.5)]
    ordered, done = serving.audited()
    assert ordered["who"] == done["who"] == "local"
    assert (ordered["what"], ordered["arguments"]) == ("SetJobInterval", {"job": "a/b", "seconds": 0.5})
    assert (ordered["result"], done["result"]) == ("ordered", "done")
    assert str(done["time"]).endswith("+00:00")
    assert stat.S_IMODE(serving.audit.stat().st_mode) == 0o600


def test_looking_is_not_written_down(serve):
    serving = serve()
    with serving.client() as client:
        client.ask(ListJobs())
        client.ask(FetchLog("a", 10))
    assert not serving.audit.exists()


def test_an_order_that_cannot_be_carried_out_says_why_and_is_written_down(serve):
    serving = serve()
    with serving.client() as client, pytest.raises(Refused, match="no job 'nobody'") as caught:
        client.ask(StopJob("nobody"))
    assert caught.value.expected == "one of a, b"
    assert serving.audited()[-1]["result"] == "refused: there is no job 'nobody'"


def test_an_operator_elsewhere_is_known_by_name_through_tcp(serve, tmp_path: Path):
    serving = serve("tcp://127.0.0.1:*")
    with serving.client(operator(serving, tmp_path, "alice/night shift")) as client:
        client.ask(StopJob("a"))
    assert {line["who"] for line in serving.audited()} == {"alice/night shift"}
    assert "127.0.0.1" in str(serving.audited()[0]["address"])


def test_a_key_that_is_not_known_gets_no_answer_and_does_nothing(serve, tmp_path: Path):
    serving = serve("tcp://127.0.0.1:*")
    mallory = operator(serving, tmp_path, "mallory", allowed=False)
    with serving.client(mallory, 0.5) as client, pytest.raises(DeadlineExceeded, match="did not answer"):
        client.ask(StopJob("a"))
    assert serving.recorder.done == []
    assert not serving.audit.exists()


def test_a_key_that_was_taken_back_counts_no_more(serve, tmp_path: Path):
    serving = serve()
    keys = operator(serving, tmp_path, "bob")
    with serving.client(keys) as client:
        client.ask(StopJob("a"))
        (serving.directory / "peers" / "bob.key").unlink()
        with pytest.raises(Refused, match="no longer allowed"):
            client.ask(StopJob("a"))
    with serving.client(keys, 0.5) as client, pytest.raises(DeadlineExceeded):
        client.ask(StopJob("a"))
    assert len(serving.recorder.done) == 1


def test_without_encryption_nobody_is_let_in(serve):
    serving = serve("tcp://127.0.0.1:*")
    plain = zmq.Context.instance().socket(zmq.REQ)
    plain.setsockopt(zmq.LINGER, 0)
    plain.connect(serving.server.endpoint)
    plain.send(write(StopJob("a")))
    assert not plain.poll(500)
    plain.close()
    assert serving.recorder.done == []


def test_an_order_that_cannot_be_written_down_is_not_carried_out(serve):
    serving = serve()
    serving.audit.mkdir()
    with serving.client() as client, pytest.raises(Refused, match="cannot be written down"):
        client.ask(StopJob("a"))
    assert serving.recorder.done == []


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b'{"type": "Shutdown"}',
        b'{"type": "StopJob"}',
        b'{"type": "StopJob", "job": ""}',
        b'{"type": "StopJob", "job": "a", "force": true}',
        b'{"type": "SetJobInterval", "job": "a", "seconds": 0}',
        b'{"type": "FetchLog", "job": "a", "lines": 1000000}',
    ],
)
def test_what_is_no_request_is_answered_with_an_error(serve, said: bytes):
    serving = serve()
    with serving.client() as client:
        client._socket.send(said)
        assert client._socket.poll(5000)
        answer = read_answer(client._socket.recv())
    assert answer.error is not None
    assert answer.error["error"] == "BadRequest"
    assert serving.recorder.done == []


def test_requests_and_answers_survive_the_journey():
    for request in (RunJob('type = "x"\n'), FetchLog("a/ü", 5), ListJobs()):
        assert read_request(write(request)) == request
    assert read_answer(write(Answer([1, {"a": None}]))) == Answer([1, {"a": None}])
    with pytest.raises(msgspec.ValidationError):
        read_request(write(RunJob("x" * 70000)))


def test_keys_are_for_their_owner_and_a_broken_one_lets_nobody_in(serve):
    serving = serve()
    secrets = [serving.directory / "own.key_secret", serving.directory / "local" / "own.key_secret"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in secrets] == [0o600, 0o600]
    (serving.directory / "peers" / "broken.key").write_text("nothing")
    assert list(known_operators(serving.directory).values()) == ["local"]


def test_a_run_directory_without_supervisor_says_how_to_start_one(tmp_path: Path):
    with pytest.raises(NoSupervisor, match="daq run"):
        ControlClient.local(tmp_path)


def test_the_audit_is_on_the_disk_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[bytes] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append((tmp_path / "audit.jsonl").read_bytes())

    monkeypatch.setattr(os, "fsync", fsync)
    begun = time.time()
    Audit(tmp_path).add("alice", "10.0.0.1", "StopJob", {"job": "a"}, "ordered")
    [content] = synced
    record = json.loads(content)
    assert record["who"] == "alice"
    assert datetime.fromisoformat(record["time"]).timestamp() >= begun - 1
