"""Addresses of brokers, and what they carry."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.broker import endpoints as module
from dsa_hcal_assets.daq.broker.endpoints import (
    LONGEST_SOCKET_PATH,
    UnsafeSocketDirectory,
    free_tcp_endpoints,
    ipc_endpoints,
    local_endpoints,
)
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.broker.wire import (
    BadTopic,
    Notice,
    content,
    live_key,
    matches,
    notice_bytes,
    subscription,
)
from dsa_hcal_assets_tests.daq.broker.conftest import BrokerProcess, meet

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)


def test_sockets_lie_in_the_run_directory_for_their_owner_only(tmp_path: Path) -> None:
    made = ipc_endpoints(tmp_path)
    assert made.publish == f"ipc://{tmp_path}/sockets/publish"
    assert made.subscribe == f"ipc://{tmp_path}/sockets/subscribe"
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


def test_a_run_directory_too_long_for_a_socket_has_them_elsewhere_and_they_work(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    made = ipc_endpoints(long)
    assert len(os.fsencode(made.subscribe.removeprefix("ipc://"))) <= LONGEST_SOCKET_PATH
    assert made == ipc_endpoints(long) != ipc_endpoints(tmp_path / ("y" * 100))
    broker = BrokerProcess(made)
    sender, receiver = LiveSender(made, "p"), LiveReceiver(made)
    meet(sender, receiver)
    broker.kill()
    sender.close()
    receiver.close()


def test_a_short_directory_that_others_may_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    long = tmp_path / ("x" * 200)
    ipc_endpoints(long)
    (made,) = tmp_path.iterdir()
    made.chmod(0o777)
    with pytest.raises(UnsafeSocketDirectory, match="mode 777"):
        ipc_endpoints(long)


def test_a_link_in_place_of_the_short_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    long = tmp_path / ("x" * 200)
    ipc_endpoints(long)
    (made,) = tmp_path.iterdir()
    made.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made.symlink_to(elsewhere)
    with pytest.raises(UnsafeSocketDirectory):
        ipc_endpoints(long)


def test_tcp_ports_are_on_this_machine_only() -> None:
    made = free_tcp_endpoints()
    assert made.publish.startswith("tcp://127.0.0.1:")
    assert made.publish != made.subscribe


def test_unix_sockets_are_used_where_there_are_any(tmp_path: Path) -> None:
    assert local_endpoints(tmp_path) == ipc_endpoints(tmp_path)


@given(TEXT, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_notice_comes_back_as_it_was(producer: str, epoch: int, sequence: int) -> None:
    notice = Notice(producer, epoch, sequence)
    assert content(notice_bytes(notice)) == notice


@given(TEXT)
def test_a_topic_without_wildcards_takes_itself(topic: str) -> None:
    if not set(topic) & set("*?["):
        assert matches(topic, topic)
        assert live_key(topic).startswith(subscription(topic))


@given(TEXT, TEXT)
def test_zeromq_lets_through_whatever_a_pattern_takes(pattern: str, topic: str) -> None:
    if matches(pattern, topic):
        assert live_key(topic).startswith(subscription(pattern))


@pytest.mark.parametrize("pattern", ["", "a\0"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(BadTopic):
        subscription(pattern)
