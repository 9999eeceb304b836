"""Clients written for the real controllers talk to the simulated ones unchanged.

Each conversation is what a public program does: which bytes it sends, what it waits for, how it
takes the reply apart.
"""

import socket
from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import rack_in_thread
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def rack():
    slow = Faults(latency_ms=2)
    with rack_in_thread(EmcalRack(7, [8], usual=slow, now=lambda: NOW)) as running:
        yield running


@pytest.fixture
def client(rack):
    """A blocking connection, as telnetlib makes one, that reads until a prompt."""
    [board] = rack.boards
    with socket.create_connection((board.host, board.port), timeout=10) as connected:
        yield Client(connected)


class Client:
    def __init__(self, connected):
        self._connected = connected
        self._kept = b""

    def write(self, data):
        self._connected.sendall(data)

    def read_until(self, end):
        while end not in self._kept:
            received = self._connected.recv(4096)
            assert received, "the board hung up"
            self._kept += received
        reply, _, self._kept = self._kept.partition(end)
        return reply + end


def test_the_logger_of_test_beams(rack, client):
    client.write(b"\n\r")
    client.write(b"$T0\n\r")
    temperatures = client.read_until(b">").split()
    client.write(b"$I0\n\r")
    currents = client.read_until(b">").split()
    truth = rack.rack.board("S08").truth(0)
    assert [float(value) for value in temperatures[:32:2]] == pytest.approx(truth.sipm, abs=0.0051)
    assert [float(value) for value in currents[:64]] == pytest.approx(truth.leakage, abs=0.00051)
    assert (temperatures[32:], currents[64:]) == ([b">"], [b">"])


def test_a_reader_that_sends_no_terminator_before_it_has_the_reply(client):
    client.write(b"\n\r")
    client.write(b"\n\r")
    for _ in range(3):
        client.write(b"$T1")
        line = client.read_until(b">").decode("ascii")
        client.write(b"\n\r")
        readback = line.strip().replace("\r", "").split("\n")
        readback.remove(">")
        assert len([float(value) for value in readback if value]) == 32


def test_the_gain_monitor_of_the_detector(rack, client):
    client.write(b"\n\r\n\r")
    for board in range(6):
        client.write(b"$A%d" % board + b"\n\r")
        assert b"Norm" in client.read_until(b">")
    client.write(b"$A2h\n\r")  # no output, no prompt
    client.write(b"$A2\n\r")
    assert b"igh" in client.read_until(b">")
    rack.rack.board("S08").high_gain[2] = False
