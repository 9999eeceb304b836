"""A connection sends whitelisted commands and telnet refusals, and nothing else reaches a board."""

import asyncio
import socket
from dataclasses import replace

import pytest

from dsa_hcal_assets.hcal.acquisition.connection import (
    BoardUnreachable,
    Connection,
    ConnectionLost,
    OutOfStep,
)
from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyTimeout
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.protocol import Reading, Request
from dsa_hcal_assets_tests.hcal.acquisition.conftest import DEADLINES
from dsa_hcal_assets_tests.hcal.controllers.test_protocol import FORBIDDEN

REQUEST = Request(Reading.VOLTAGES, 0)
REPLY = b"6.4\n\r65.1\n\r-6.6\n\r>"


class ForgedRequest:
    """What a careless change might pass to `ask`."""

    reading = Reading.VOLTAGES

    def __init__(self, wire):
        self.wire = wire


def talk(script, client, deadlines=DEADLINES):
    """Run `client(connection)` against a server that runs `script`; return its result and all it received."""
    received = bytearray()

    async def both():
        async def serve(reader, writer):
            async def record():
                while data := await reader.read(1024):
                    received.extend(data)

            recording = asyncio.create_task(record())
            await script(writer, received)
            await recording
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        connection = None
        try:
            port = server.sockets[0].getsockname()[1]
            connection = await Connection.open(Board("80", "127.0.0.1", port), deadlines)
            return await client(connection)
        finally:
            if connection is not None:
                connection.close()
            server.close()
            await asyncio.sleep(0.05)

    return asyncio.run(both()), bytes(received)


async def nothing(writer, received):
    pass


def test_of_all_documented_commands_only_readings_reach_the_socket():
    """Every command of boards and crates that is no polled reading, with and without its terminator."""
    forbidden = [command + end for command in FORBIDDEN for end in (b"\n\r", b"\r\n", b"")]

    async def client(connection):
        for wire in (*forbidden, b"$T0", b"$T0\n\r$E\n\r", b"$LR0\n\r\n\r"):
            with pytest.raises(CommandRefused):
                await connection.ask(ForgedRequest(wire))

    _, received = talk(nothing, client)
    assert received == b"\n\r\n\r"


def test_it_opens_with_two_empty_lines_and_asks_with_a_terminator():
    async def answer(writer, received):
        while b"$U0\n\r" not in received:
            await asyncio.sleep(0.001)
        writer.write(REPLY)

    reply, received = talk(answer, lambda connection: connection.ask(REQUEST))
    assert reply == REPLY
    assert received == b"\n\r\n\r$U0\n\r"


def test_telnet_options_are_refused_and_stripped():
    async def negotiate(writer, received):
        writer.write(b"\xff\xfb\x01\xff\xfd\x1fwelcome>")
        while b"$U0\n\r" not in received:
            await asyncio.sleep(0.001)
        writer.write(b"\xff\xfb\x036.4\n\r65\xff\xfa\x18\x01\xff\xf0.1\n\r-6.6\n\r>")

    reply, received = talk(negotiate, lambda connection: connection.ask(REQUEST))
    assert reply == REPLY
    assert received == b"\n\r\n\r\xff\xfe\x01\xff\xfc\x1f$U0\n\r\xff\xfe\x03"


def test_a_cut_reply_with_a_prompt_ends_with_silence_not_with_the_deadline():
    async def cut(writer, received):
        while b"$U0" not in received:
            await asyncio.sleep(0.001)
        writer.write(b"6.4\n\r65>")

    async def client(connection):
        began = asyncio.get_running_loop().time()
        reply = await connection.ask(REQUEST)
        return reply, asyncio.get_running_loop().time() - began

    (reply, seconds), _ = talk(cut, client)
    assert reply == b"6.4\n\r65>"
    assert seconds < DEADLINES.reply


def test_a_board_that_closes_instead_of_answering_is_lost():
    async def close(writer, received):
        while b"$U0" not in received:
            await asyncio.sleep(0.001)
        writer.close()

    async def client(connection):
        with pytest.raises(ConnectionLost):
            await connection.ask(REQUEST)

    talk(close, client)


def test_a_mute_board_is_a_timeout():
    async def client(connection):
        with pytest.raises(ReplyTimeout, match=r"0\.5 s"):
            await connection.ask(REQUEST)

    talk(nothing, client)


def test_a_board_that_never_stops_talking_is_out_of_step():
    async def chatter(writer, received):
        while not writer.is_closing():
            writer.write(b"tick\n\r")
            await asyncio.sleep(0.005)

    # long enough that a pause of the machine does not pass for silence of the board
    with pytest.raises(OutOfStep):
        talk(chatter, nothing, replace(DEADLINES, quiet=1.0))


def test_a_closed_port_is_an_unreachable_board():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        board = Board("80", *unused.getsockname())
        with pytest.raises(BoardUnreachable, match="board 80"):
            asyncio.run(Connection.open(board, DEADLINES))


def test_keepalive_notices_a_board_that_lost_power():
    async def client(connection):
        connected = connection._writer.get_extra_info("socket")
        return connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert talk(nothing, client)[0] == 1
