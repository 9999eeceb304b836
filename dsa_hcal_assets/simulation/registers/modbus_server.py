"""A simulated board with registers that speaks Modbus TCP, faults included."""

import asyncio

from dsa_hcal_assets.hcal.registers.modbus import HEADER
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.listening import TcpServer, reset
from dsa_hcal_assets.simulation.registers.board import SimulatedRegisters

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2
_FUNCTIONS = {"holding": 3, "input": 4}


class ModbusServer(TcpServer):
    """Serves a board to any number of clients.

    Of `Faults` it knows down, mute, latency_ms, garbage (another transaction's answer) and reset.

    Parameters
    ----------
    board
        The board.
    host, port
        Where to listen; port 0 takes a free one.
    faults
        What is wrong; may be exchanged while it runs.
    """

    def __init__(
        self,
        board: SimulatedRegisters,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(host, port, faults)
        self.board = board

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            transaction, _, length, unit = HEADER.unpack(await reader.readexactly(HEADER.size))
            body = await reader.readexactly(length - 1)
            await asyncio.sleep(self.faults.latency_ms / 1000)
            if self.faults.reset:
                reset(writer)
                return
            answer = self._answer(body)
            if self.faults.garbage:
                transaction ^= 0x5555
            if not self.faults.mute:
                writer.write(HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
                await writer.drain()

    def _answer(self, body: bytes) -> bytes:
        function, table = body[0], self.board.table
        self.board.asked.append(body.hex())
        if function != _FUNCTIONS[table.modbus_function]:
            return bytes([function | 0x80, _ILLEGAL_FUNCTION])
        address, words = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        for register in table.register_:
            if (register.address, register.width) == (address, 16 * words):
                bits = self.board.raw(register.name).to_bytes(2 * words, "big")
                return bytes([function, 2 * words]) + bits
        return bytes([function | 0x80, _ILLEGAL_ADDRESS])
