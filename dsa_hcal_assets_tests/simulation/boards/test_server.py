"""The controllers' wire behaviour, seen by a plain socket."""

import socket
import time
from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def running():
    with rack_in_thread(Rack(7, ["80", "84"], now=lambda: NOW)) as rack:
        yield rack


@pytest.fixture
def rack(running):
    yield running
    for board in ("80", "84"):
        running.set_faults(board, Faults())


@pytest.fixture
def client(rack):
    """Send bytes to board 80 and return what comes back until a prompt or silence."""
    connected = []

    def client(wire, seconds=0.3):
        if not connected:
            connected.append(socket.create_connection((rack.boards[0].host, rack.boards[0].port), timeout=5))
        connected[0].sendall(wire)
        return received(connected[0], seconds)

    yield client
    for one in connected:
        one.close()


def received(connection, seconds):
    data = b""
    connection.settimeout(seconds)
    try:
        while not data.endswith(b">"):
            more = connection.recv(65536)
            if not more:
                break
            data += more
    except TimeoutError:
        pass
    return data


class TestHealthy:
    def test_a_reply_is_values_between_lf_cr_and_a_prompt(self, rack, client):
        values = client(b"$T0\n\r").removesuffix(b"\n\r>").split(b"\n\r")
        truth = rack.rack.board("80").truth(0, NOW).temperature
        assert [float(value) for value in values] == pytest.approx(list(truth), abs=0.0051)

    def test_a_fixed_length_command_needs_no_terminator(self, client):
        assert client(b"$U0").endswith(b"\n\r>")

    def test_empty_lines_yield_no_reply(self, client):
        assert client(b"\n\r\n\r") == b""

    def test_a_setting_command_yields_no_prompt_and_takes_effect(self, client):
        assert client(b"$A3h\n\r") == b""
        assert client(b"$A3\n\r") == b"High\n\r>"
        assert client(b"$A3n\n\r") == b""

    def test_two_clients_see_the_same_board(self, rack, client):
        client(b"$GS000+0123\n\r")
        with socket.create_connection((rack.boards[0].host, rack.boards[0].port), timeout=5) as other:
            other.sendall(b"$GR0\n\r")
            assert received(other, 1).startswith(b"123\n\r")

    def test_a_reply_is_cut_when_the_next_command_comes_too_early(self, rack, client):
        rack.set_faults("80", Faults(latency_ms=200))
        reply = client(b"$T0\n\r$U0\n\r", seconds=1)
        assert reply.count(b">") == 1
        assert reply.count(b"\n\r") == 3


class TestFaults:
    def test_down_refuses_and_drops_and_comes_back_on_the_same_port(self, rack, client):
        client(b"$T0\n\r")
        rack.set_faults("80", Faults(down=True))
        with pytest.raises(OSError, match=r"refused|reset"):
            socket.create_connection((rack.boards[0].host, rack.boards[0].port), timeout=5).close()
        with pytest.raises(ConnectionError):
            client(b"$T0\n\r")
        rack.set_faults("80", Faults())
        with socket.create_connection((rack.boards[0].host, rack.boards[0].port), timeout=5) as again:
            again.sendall(b"$T0\n\r")
            assert received(again, 1).endswith(b">")

    @pytest.mark.parametrize(
        ("faults", "expected"),
        [
            ({"echo": True}, b"U0\n\r6."),
            ({"nan": True}, b"nan\n\r6"),
            ({"iac": True}, b"\xff\xfb\x01"),
            ({"garbage": True}, b"\x9c\x00\xfe"),
            ({"units": True}, b"V\n\r>"),
            ({"line_end": "crlf"}, b"\r\n>"),
            ({"prompt_inside": True}, b"65>"),
        ],
        ids=str,
    )
    def test_what_a_fault_does_to_a_reply(self, rack, client, faults, expected):
        rack.set_faults("80", Faults(**faults))
        reply = client(b"$U0\n\r")
        assert expected in reply + client(b"\n\r")

    @pytest.mark.parametrize(("extra", "count"), [(-1, 2), (1, 4), (-3, 0)])
    def test_wrong_counts(self, rack, client, extra, count):
        rack.set_faults("80", Faults(extra_values=extra))
        assert len(client(b"$U0\n\r").removesuffix(b">").split()) == count

    def test_mute_accepts_and_says_nothing(self, rack, client):
        rack.set_faults("80", Faults(mute=True))
        assert client(b"$T0\n\r") == b""

    def test_drip_is_a_byte_at_a_time(self, rack, client):
        rack.set_faults("80", Faults(drip_seconds=0.05))
        began = time.monotonic()
        assert client(b"$A0\n\r", seconds=2) == b"Norm\n\r>"
        assert time.monotonic() - began >= 7 * 0.05

    def test_reset_ends_in_the_middle_of_a_reply(self, rack, client):
        rack.set_faults("80", Faults(reset=True))
        with pytest.raises(ConnectionResetError):
            client(b"$T0\n\r")

    def test_a_flood_is_ten_megabytes_without_prompt(self, rack):
        rack.set_faults("80", Faults(flood=True))
        with socket.create_connection((rack.boards[0].host, rack.boards[0].port), timeout=5) as connection:
            connection.sendall(b"$T0\n\r")
            reply = received(connection, 1)
        assert len(reply) == 10 * 2**20
        assert b">" not in reply

    def test_a_banner_greets_with_a_prompt_inside_and_behind(self, rack):
        rack.set_faults("84", Faults(banner=True))
        with socket.create_connection((rack.boards[1].host, rack.boards[1].port), timeout=5) as connection:
            assert received(connection, 1).count(b">") >= 1

    def test_faults_may_be_limited_to_channels(self, rack, client):
        rack.set_faults("80", Faults(nan=True, channels=frozenset({1})))
        assert client(b"$T0\n\r")[:3] != b"nan"
        assert client(b"$T1\n\r")[:3] == b"nan"
