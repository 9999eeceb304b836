"""Both protocols can only ask, and take nothing for an answer that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, WrongCount
from dsa_hcal_assets.hcal.registers import modbus, text_protocol
from dsa_hcal_assets.hcal.registers.modbus import HEADER, ModbusRequest, RegisterRefused
from dsa_hcal_assets.hcal.registers.text_protocol import TextRequest
from dsa_hcal_assets_tests.hcal.registers.described import table

TEXT, MODBUS = table(), table(protocol="modbus")
ASK = TextRequest("status", "$RR0000", 16)
READ = ModbusRequest.of(MODBUS, MODBUS.registers["triggers"])


def test_an_address_is_asked_for_with_four_hexadecimal_digits():
    wires = [TextRequest.of(register).wire for register in TEXT.register_]
    assert wires == [b"$RR0000\n\r", b"$RR0010\n\r", b"$RR0020\n\r", b"$RR00FF\n\r"]
    gate = text_protocol.gate(TEXT)
    assert [gate(wire) for wire in wires] == wires


@given(st.binary(max_size=12) | st.sampled_from([b"$RR0001\n\r", b"$RW00000001\n\r", b"$E\n\r", b"$RR0000"]))
def test_nothing_but_the_tables_questions_passes_the_text_gate(wire):
    if wire not in {TextRequest.of(register).wire for register in TEXT.register_}:
        with pytest.raises(CommandRefused, match="must not be sent"):
            text_protocol.gate(TEXT)(wire)


@pytest.mark.parametrize(
    ("reply", "raw"),
    [
        (b"0x1F\n\r>", 0x1F),
        (b"31\n\r>", 31),
        (b"RR0000\r\n0xffff\r\n>", 0xFFFF),
        (b"\n\r\n\r-1\n\r>", 0xFFFF),
        (b"-32768>", 0x8000),
    ],
)
def test_numbers_are_read_however_boards_write_them(reply, raw):
    assert text_protocol.parse_raw(ASK, reply) == raw


@pytest.mark.parametrize(
    "reply", [b"65536>", b"0x10000>", b"-32769>", b"1.5>", b"nan>", b"0x>", b"1e3>", b"\xff>"]
)
def test_what_is_no_number_of_the_registers_size_is_refused(reply):
    with pytest.raises(ReplyGarbled):
        text_protocol.parse_raw(ASK, reply)


@pytest.mark.parametrize("reply", [b">", b"1\n\r2\n\r>"])
def test_a_reply_has_one_number(reply):
    with pytest.raises(WrongCount):
        text_protocol.parse_raw(ASK, reply)


def test_a_modbus_question_is_the_standards():
    # transaction 7, protocol 0, 6 bytes follow, unit 1; read holding registers from 0x20, two words
    assert READ.frame(7).hex() == "000700000006010300200002"


@given(st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_only_functions_that_read_pass_the_modbus_gate(function, transaction, address, words):
    frame = ModbusRequest("r", 1, function, address, words).frame(transaction)
    if function in (3, 4):
        assert modbus.require_read_only(frame) == frame
        with pytest.raises(CommandRefused):
            modbus.require_read_only(frame + b"\x00")
    else:
        with pytest.raises(CommandRefused, match="must not be sent"):
            modbus.require_read_only(frame)


@given(st.binary(max_size=20))
def test_bytes_that_are_no_question_do_not_pass(frame):
    if len(frame) != 12:
        with pytest.raises(CommandRefused):
            modbus.require_read_only(frame)


@given(st.integers(0, 2**32 - 1))
def test_words_come_highest_first(raw):
    body = bytes([3, 4]) + raw.to_bytes(4, "big")
    assert modbus.body_length(HEADER.pack(7, 0, len(body) + 1, 1), READ, 7) == len(body)
    assert modbus.parse_raw(READ, body) == raw


@pytest.mark.parametrize("header", [(8, 0, 7, 1), (7, 1, 7, 1), (7, 0, 7, 2), (7, 0, 2, 1), (7, 0, 300, 1)])
def test_a_header_of_another_answer_is_refused(header):
    with pytest.raises(ReplyGarbled):
        modbus.body_length(HEADER.pack(*header), READ, 7)


@pytest.mark.parametrize(
    "body", [b"\x03\x02\x00\x01", b"\x04\x04\x00\x00\x00\x01", b"\x03\x04\x00", b"\x03\x04"]
)
def test_an_answer_of_another_size_or_function_is_refused(body):
    with pytest.raises(ReplyGarbled, match="wrong answer"):
        modbus.parse_raw(READ, body)


def test_a_boards_refusal_says_why():
    with pytest.raises(RegisterRefused, match="illegal address"):
        modbus.parse_raw(READ, b"\x83\x02")
