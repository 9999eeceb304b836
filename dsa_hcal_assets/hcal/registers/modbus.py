"""Registers over Modbus TCP: read holding (3) and read input registers (4), and no other function.

Frames are those of the Modbus application protocol V1.1b3 and its TCP mapping: transaction,
protocol 0, length, unit, function, then address and count (question), or byte count and words
(answer), big-endian; an answer with function + 128 is a refusal with its code. Wider registers are
consecutive words, the highest first.
"""

import struct
from dataclasses import dataclass

from dsa_hcal_assets.errors import TransientError
from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused, refused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.registers.table import Register, RegisterTable

FUNCTIONS = {"holding": 3, "input": 4}
HEADER = struct.Struct(">HHHB")  # transaction, protocol, length of what follows it, unit
_QUESTION = struct.Struct(">BHH")  # function, address, words
LONGEST = 260  # bytes of a frame
_CODES = {1: "illegal function", 2: "illegal address", 3: "illegal value", 4: "device failure", 6: "busy"}


class RegisterRefused(TransientError):
    """A board answered that it cannot give a register."""


@dataclass(frozen=True)
class ModbusRequest:
    """One question for one register (a `ReadCommand` but for the transaction)."""

    name: str
    unit: int
    function: int
    address: int
    words: int

    @classmethod
    def of(cls, table: RegisterTable, register: Register) -> "ModbusRequest":
        """Return the question for `register`."""
        if register.address is None:
            raise CommandRefused(f"register {register.name} has no address")
        return cls(
            register.name,
            table.modbus_unit,
            FUNCTIONS[table.modbus_function],
            register.address,
            register.width // 16,
        )

    def frame(self, transaction: int) -> bytes:
        """Return the bytes to send."""
        body = _QUESTION.pack(self.function, self.address, self.words)
        return HEADER.pack(transaction, 0, len(body) + 1, self.unit) + body

    def __str__(self) -> str:
        return f"register {self.name}"


def require_read_only(frame: bytes) -> bytes:
    """Return `frame` if it is exactly one question for registers.

    Raises
    ------
    CommandRefused
        Otherwise; nothing may be sent.
    """
    if len(frame) == HEADER.size + _QUESTION.size:
        _, protocol, length, _ = HEADER.unpack_from(frame)
        if protocol == 0 and length == _QUESTION.size + 1 and frame[HEADER.size] in FUNCTIONS.values():
            return frame
    raise refused(frame[:12].hex(), "a board", "Modbus function 3 or 4, which read")


def body_length(header: bytes, request: ModbusRequest, transaction: int) -> int:
    """Return how many bytes follow the header of the answer to `request`.

    Raises
    ------
    ReplyGarbled
        If it is the header of no answer, or of one to another question.
    """
    found, protocol, length, unit = HEADER.unpack(header)
    if protocol != 0 or not 3 <= length <= LONGEST - HEADER.size + 1:
        raise ReplyGarbled(f"{request}: no Modbus frame", found=header.hex())
    if (found, unit) != (transaction, request.unit):
        raise ReplyGarbled(
            f"{request}: answer to another question",
            expected=f"transaction {transaction} of unit {request.unit}",
            found=f"transaction {found} of unit {unit}",
        )
    return int(length) - 1


def parse_raw(request: ModbusRequest, body: bytes) -> int:
    """Return the register's bits of the body of an answer.

    Raises
    ------
    RegisterRefused
        If the board says that it cannot give the register.
    ReplyGarbled
        If the body is not what was asked for.
    """
    if body[0] == request.function | 0x80:
        raise RegisterRefused(
            f"{request} refused by the board",
            found=f"code {body[1]}, {_CODES.get(body[1], 'unknown')}",
            remedy="compare the register table with the board's manual",
        )
    expected = bytes([request.function, 2 * request.words])
    if body[:2] != expected or len(body) != 2 + 2 * request.words:
        raise ReplyGarbled(
            f"{request}: wrong answer", expected=f"{request.words} words", found=body[:20].hex()
        )
    return int.from_bytes(body[2:], "big")
