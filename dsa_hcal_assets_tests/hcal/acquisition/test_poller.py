"""One board, whatever it does: only its own readings suffer, each with its typed reason, in time."""

import asyncio
import socket
import time

import numpy as np
import pytest

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets_tests.hcal.acquisition.conftest import DEADLINES

LABELS = {"temperatures", "voltages", "leakage", "offsets", "gain"}


def assert_only_channel_3_suffers(board, error):
    assert board.status == "partial"
    assert board.error["error"] == "BoardPartial"
    for channel in board.channels:
        if channel.channel == 3:
            assert channel.errors["temperatures"]["error"] == error
            assert np.isnan(channel.temperature).all()
        else:
            assert channel.errors == {}
            assert np.isfinite(channel.temperature).all()


class TestWhatABoardMayDoWithoutHarm:
    @pytest.mark.parametrize(
        "habit",
        [
            {"echo": True},
            {"units": True},
            {"iac": True},
            {"banner": True},
            {"line_end": "crlf"},
            {"line_end": "lf"},
            {"line_end": "cr"},
            {"latency_ms": 30},
            {"drip_seconds": 0.0001, "channels": [3]},
            {"echo": True, "units": True, "iac": True, "banner": True, "line_end": "crlf"},
        ],
        ids=str,
    )
    def test_habits_are_tolerated(self, poll_faulty, habit):
        board = poll_faulty(**habit)
        assert (board.status, board.error) == ("ok", None)


class TestOneChannelOnly:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"garbage": True}, "ReplyGarbled"),
            ({"prompt_inside": True}, "ReplyGarbled"),
            ({"extra_values": -1}, "WrongCount"),
            ({"extra_values": 1}, "WrongCount"),
            ({"flood": True}, "ReplyTooLong"),
            ({"reset": True}, "ConnectionLost"),
            ({"latency_ms": 5000}, "ReplyTimeout"),
            ({"drip_seconds": 0.2}, "ReplyTimeout"),
        ],
        ids=str,
    )
    def test_the_other_channels_are_read(self, poll_faulty, fault, error):
        assert_only_channel_3_suffers(poll_faulty(**fault, channels=[3]), error)

    def test_nan_costs_a_single_tower(self, poll_faulty):
        channel = poll_faulty(nan=True, channels=[3]).channels[3]
        assert channel.errors["temperatures"]["error"] == "ValuesMissing"
        assert np.isnan(channel.temperature[0])
        assert np.isfinite(channel.temperature[1:]).all()


class TestTheWholeBoard:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"down": True}, "BoardUnreachable"),
            ({"mute": True}, "ReplyTimeout"),
            ({"drip_seconds": 1}, "ReplyTimeout"),
            ({"latency_ms": 5000}, "ReplyTimeout"),
            ({"reset": True}, "ConnectionLost"),
            ({"flood": True}, "ReplyTooLong"),
            ({"garbage": True}, "ReplyGarbled"),
            ({"extra_values": -1}, "WrongCount"),
            ({"extra_values": 1}, "WrongCount"),
        ],
        ids=str,
    )
    def test_it_is_down_with_the_reason_and_within_its_deadline(self, poll_faulty, fault, error):
        began = time.monotonic()
        board = poll_faulty(**fault)
        assert time.monotonic() - began < DEADLINES.board + 2
        assert (board.status, board.error["error"]) == ("down", error)
        assert len(board.channels) == 8
        for channel in board.channels:
            assert channel.errors.keys() == LABELS
            assert np.isnan([*channel.temperature, *channel.leakage, *channel.offset, channel.bias]).all()
            assert channel.gain is None

    def test_a_hung_board_takes_two_deadlines_and_not_forty(self, poll_faulty):
        began = time.monotonic()
        poll_faulty(mute=True)
        assert time.monotonic() - began < 3 * DEADLINES.reply + 1

    def test_a_board_never_reached_has_no_sample_time(self, poll_faulty):
        assert poll_faulty(down=True).sampled_at is None
        assert poll_faulty(mute=True).sampled_at is not None

    def test_slow_but_steady_beyond_the_deadline_gives_what_was_read(self, poll):
        short = Deadlines(connect=1, reply=0.6, board=1.0, quiet=0.03, backoff=0.01)
        (snapshot,), _ = poll(["80"], {"80": Faults(latency_ms=80)}, deadlines=short)
        (board,) = snapshot.boards
        assert board.status == "partial"
        assert np.isfinite(board.channels[0].temperature).all()
        assert board.channels[7].errors["gain"]["error"] == "BoardDeadline"

    def test_it_recovers_in_the_next_cycle_from_every_fault(self, poll):
        boards = {
            "80": Faults(mute=True), "81": Faults(garbage=True), "82": Faults(flood=True),
            "83": Faults(reset=True), "84": Faults(drip_seconds=1), "85": Faults(extra_values=-1),
            "86": Faults(down=True), "87": Faults(latency_ms=5000),
        }  # fmt: skip
        healthy = dict.fromkeys(boards, Faults())
        (first, second), _ = poll(list(boards), boards, cycles=2, between=healthy)
        assert [board.status for board in first.boards] == ["down"] * 8
        assert [board.status for board in second.boards] == ["ok"] * 8


class TestLateReplies:
    def test_a_late_reply_never_passes_for_the_next_one(self, poll):
        """Two channels answer after their deadline: nobody gets the neighbour's values."""
        faults = {"80": Faults(latency_ms=1000 * DEADLINES.reply * 1.5, channels=[1, 4])}
        patient = Deadlines(connect=1, reply=DEADLINES.reply, board=30, quiet=0.03, backoff=0.01)
        (snapshot,), rack = poll(["80"], faults, deadlines=patient)
        for channel in snapshot.boards[0].channels:
            if channel.channel in (1, 4):
                assert channel.errors.keys() == LABELS
            else:
                truth = rack.board("80").truth(channel.channel)
                np.testing.assert_allclose(channel.temperature, truth.temperature, atol=0.0051)
                np.testing.assert_array_equal(channel.offset, truth.offset)


class TestConnecting:
    def test_a_black_hole_costs_one_connection_deadline(self):
        # a listening socket whose queue is full: the kernel drops further connection attempts
        with socket.create_server(("127.0.0.1", 0), backlog=0) as hole:
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(hole.getsockname())
            began = time.monotonic()
            poller = BoardPoller(Board("80", *hole.getsockname()), DEADLINES)
            board = asyncio.run(poller.poll())
            assert time.monotonic() - began < 2 * DEADLINES.connect + 1
            for filler in fillers:
                filler.close()
        assert (board.status, board.error["error"]) == ("down", "BoardUnreachable")

    def test_refused_connections_are_retried_a_few_times_only(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            began = time.monotonic()
            board = asyncio.run(BoardPoller(Board("80", *unused.getsockname()), DEADLINES).poll())
        assert board.error["error"] == "BoardUnreachable"
        assert time.monotonic() - began < 10

    def test_a_name_that_does_not_resolve_is_a_board_that_is_down(self):
        board = asyncio.run(BoardPoller(Board("80", "board-80.invalid"), DEADLINES).poll())
        assert board.error["error"] == "BoardUnreachable"


class TestWhatIsSent:
    def test_a_poll_sends_each_reading_of_each_channel_once_and_nothing_else(self, poll):
        _, rack = poll(["80"])
        expected = {f"{letters}{channel}" for letters in ("T", "U", "I", "GR", "A") for channel in range(8)}
        assert sorted(rack.board("80").commands) == sorted(expected)

    def test_settings_are_as_before_after_polling_a_board_with_every_fault(self, poll):
        everything = Faults(echo=True, iac=True, banner=True, garbage=True, channels=[1, 2])
        _, rack = poll(["80"], {"80": everything})
        _, untouched = poll(["80"])
        np.testing.assert_array_equal(rack.board("80").offsets, untouched.board("80").offsets)
        assert rack.board("80").high_gain == [False] * 8
