"""Clients as people wrote them for the real controllers talk to the simulated ones unchanged.

None of them shares a line with the platform's own. They differ in how they find the end of a reply, in
terminators, in what they send first, and in whether they wait for prompts that never come.
"""

import re
import shutil
import socket
import subprocess
import time
import warnings
from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread

with warnings.catch_warnings():
    # it leaves the standard library with 3.13, but is what such scripts import
    warnings.simplefilter("ignore", DeprecationWarning)
    telnetlib = pytest.importorskip("telnetlib")

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HABITS = [{}, {"latency_ms": 20}, {"drip_seconds": 0.0005}, {"iac": True}]


@pytest.fixture(scope="module")
def running():
    with rack_in_thread(Rack(7, ["80"], now=lambda: NOW)) as rack:
        yield rack


@pytest.fixture
def board(running):
    """The board; as it was before, afterwards."""
    board = running.rack.board("80")
    board.commands.clear()
    yield board
    running.set_faults("80", Faults())


@pytest.fixture
def port(running):
    return running.boards[0].port


def temperatures(board, channel):
    return pytest.approx(list(board.truth(channel, NOW).temperature), abs=0.0051)


@pytest.mark.parametrize("habits", HABITS, ids=str)
class TestMonitoringScript:
    """A script on telnetlib: write a command, read until the prompt, split."""

    def ask(self, connection, command):
        connection.write(command.encode("ascii") + b"\n\r")
        reply = connection.read_until(b">", timeout=5).decode("ascii")
        return [line for line in reply.rstrip(">").split("\n\r") if line]

    def test_it_reads_a_channel(self, running, board, port, habits):
        running.set_faults("80", Faults(**habits))
        with telnetlib.Telnet("127.0.0.1", port, timeout=5) as connection:
            assert [float(one) for one in self.ask(connection, "$T2")] == temperatures(board, 2)
            positive, bias, negative = (float(one) for one in self.ask(connection, "$U2"))
            assert (positive > 6, 64 < bias < 67, negative < -6) == (True, True, True)
            assert self.ask(connection, "$A2") == ["Norm"]
            assert len(self.ask(connection, "$LR2")) == 5
            assert self.ask(connection, "$LA2") == ["0"] * 5


@pytest.mark.parametrize("habits", HABITS, ids=str)
class TestTwoEmptyLinesFirst:
    """A client that wakes the board with two empty lines, throws away what it says, and reads by lines."""

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.sendall(b"\n\r\n\r")
        connection.settimeout(0.1)
        try:
            while connection.recv(4096):
                pass
        except TimeoutError:
            pass
        connection.settimeout(5)
        return connection

    def numbers(self, connection, command):
        connection.sendall(b"%s\n\r" % command)
        text = b""
        while not text.rstrip().endswith(b">"):
            text += connection.recv(64)
        return [float(found) for found in re.findall(rb"[-+]?\d+\.?\d*", text)]

    def test_it_reads_every_channel(self, running, board, port, habits):
        with self.connect(port) as connection:
            running.set_faults("80", Faults(**habits) if "iac" not in habits else Faults())
            for channel in range(8):
                assert self.numbers(connection, b"$T%d" % channel) == temperatures(board, channel)
                assert self.numbers(connection, b"$GR%d" % channel) == list(board.offsets[channel])


class TestFixedLengthCommands:
    """A client that sends a terminator only with commands that give no output."""

    def ask(self, connection, command, count):
        connection.sendall(command)
        reply = b""
        while b">" not in reply:
            reply += connection.recv(1024)
        values = reply[: reply.index(b">")].split()
        assert len(values) == count
        return values

    def tell(self, connection, command):
        connection.sendall(command + b"\n\r")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):  # no output, no prompt: it goes on after a while
            connection.recv(1024)
        connection.settimeout(5)

    def test_it_reads_and_sets(self, board, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            assert [float(one) for one in self.ask(connection, b"$T4", 24)] == temperatures(board, 4)
            before = self.ask(connection, b"$GR4", 24)
            self.tell(connection, b"$GS407-0150")
            after = self.ask(connection, b"$GR4", 24)
            assert after == [*before[:7], b"-150", *before[8:]]
            self.tell(connection, b"$GS407%+05d" % int(before[7]))

    def test_it_flashes_leds_and_sees_them(self, board, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            assert self.ask(connection, b"$LA4", 5) == [b"0"] * 5
            self.tell(connection, b"$LS432500")
            self.tell(connection, b"$LM4001F")
            assert self.ask(connection, b"$LR4", 5)[3] == b"2500"
            assert all(int(counts) > 0 for counts in self.ask(connection, b"$LA4", 5))
            self.tell(connection, b"$LM40000")
            assert self.ask(connection, b"$LA4", 5) == [b"0"] * 5

    def test_a_setting_command_without_its_terminator_waits_for_it(self, board, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            self.tell(connection, b"")
            connection.sendall(b"$A4h")
            time.sleep(0.1)
            assert board.high_gain[4] is False
            self.tell(connection, b"")
            assert board.high_gain[4] is True
            self.tell(connection, b"$A4n")

    def test_a_power_cut_is_seen_as_it_is_on_the_real_board(self, running, board, port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            before = self.ask(connection, b"$GR1", 24)
        running.set_faults("80", Faults(power_cut=True))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"$A1\n\r")
            assert until_prompt(connection) == b"High\n\r>"
            assert self.ask(connection, b"$GR1", 24) != before


class TestShell:
    """A few lines of bash."""

    SCRIPT = (
        "exec 3<>/dev/tcp/127.0.0.1/$0\n"
        "printf '\\n\\r\\n\\r$U5\\n\\r' >&3\n"
        "read -r -d '>' -t 5 -u 3 reply\n"
        "echo $reply\n"
    )

    def test_it_reads_the_voltages_of_a_half_sector(self, board, port):
        bash = shutil.which("bash") or pytest.skip("no bash here")
        command = [bash, "-c", self.SCRIPT, str(port)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        truth = board.truth(5, NOW)
        voltages = [truth.lv_positive, truth.bias, truth.lv_negative]
        assert [float(one) for one in told.split()] == pytest.approx(voltages, abs=0.00051)


def until_prompt(connection):
    reply = b""
    while not reply.endswith(b">"):
        reply += connection.recv(1024)
    return reply


def test_an_impatient_client_gets_a_reply_that_is_cut(running, board, port):
    running.set_faults("80", Faults(latency_ms=100))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"$T0\n\r")
        time.sleep(0.08)
        connection.sendall(b"$U0\n\r")
        reply = until_prompt(connection)
    assert reply.count(b">") == 1
    assert 3 < len(reply.split()) < 24 + 3


def test_reading_a_mask_costs_channel_7_its_own(board, port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"$P7FFFFFF\n\r$P2000FFF\n\r")
        time.sleep(0.05)
        connection.sendall(b"$P2\n\r")
        assert until_prompt(connection) == b"000FFF\n\r>"
        connection.sendall(b"$P7\n\r")
        assert until_prompt(connection) == b"000000\n\r>"
