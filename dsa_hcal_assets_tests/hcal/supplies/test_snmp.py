"""Messages to bias crates: they read, and nothing else leaves; what comes back is taken or refused."""

import contextlib
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto.api import v1, v2c

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.supplies import snmp
from dsa_hcal_assets.hcal.supplies.mpod_table import MAIN_SWITCH

WRITING = (
    v2c.SetRequestPDU,
    v2c.InformRequestPDU,
    v2c.SNMPv2TrapPDU,
    v2c.ReportPDU,
    v2c.ResponsePDU,
)


OFF = ((MAIN_SWITCH, v2c.Integer32(0)),)


def message(pdu, varbinds=OFF, community="public"):
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_request_id(pdu, 5)
    v2c.apiPDU.set_varbinds(pdu, list(varbinds))
    whole = v2c.Message()
    v2c.apiMessage.set_defaults(whole)
    v2c.apiMessage.set_community(whole, community)
    v2c.apiMessage.set_pdu(whole, pdu)
    return encoder.encode(whole)


def response(*values):
    return message(
        v2c.ResponsePDU(), [((*MAIN_SWITCH, number), value) for number, value in enumerate(values)]
    )


@pytest.mark.parametrize(
    "wire",
    [
        snmp.get("public", 1, [MAIN_SWITCH]),
        snmp.get_next("public", 2**31 - 1, [MAIN_SWITCH]),
        snmp.get_bulk("secret", 3, [MAIN_SWITCH, (1, 3)], 8),
    ],
)
def test_what_reads_may_be_sent(wire):
    assert snmp.require_read_only(wire) == wire


@pytest.mark.parametrize("kind", WRITING)
def test_everything_else_of_the_protocol_is_refused(kind):
    with pytest.raises(CommandRefused, match="must not be sent"):
        snmp.require_read_only(message(kind()))


def test_a_get_with_something_behind_it_is_refused():
    smuggled = snmp.get("public", 1, [MAIN_SWITCH]) + message(v2c.SetRequestPDU())
    with pytest.raises(CommandRefused, match="more bytes"):
        snmp.require_read_only(smuggled)


def test_a_set_of_version_1_is_refused():
    pdu = v1.SetRequestPDU()
    v1.apiPDU.set_defaults(pdu)
    v1.apiPDU.set_varbinds(pdu, [(MAIN_SWITCH, v1.Integer(0))])
    whole = v1.Message()
    v1.apiMessage.set_defaults(whole)
    v1.apiMessage.set_community(whole, "guru")
    v1.apiMessage.set_pdu(whole, pdu)
    with pytest.raises(CommandRefused):
        snmp.require_read_only(encoder.encode(whole))


@given(st.binary(max_size=80))
def test_bytes_that_are_no_message_are_refused(wire):
    with pytest.raises(CommandRefused):
        snmp.require_read_only(wire)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_request_with_changed_bytes_still_reads_or_is_refused(at, instead):
    wire = bytearray(snmp.get_bulk("public", 12345, [MAIN_SWITCH], 8))
    wire[at % len(wire) : at % len(wire) + len(instead)] = instead
    try:
        snmp.require_read_only(bytes(wire))
    except CommandRefused:
        return
    message, _ = decoder.decode(bytes(wire), asn1Spec=v2c.Message())
    assert isinstance(
        v2c.apiMessage.get_pdu(message), (v2c.GetRequestPDU, v2c.GetNextRequestPDU, v2c.GetBulkRequestPDU)
    )


def test_values_come_back_as_they_were_sent():
    wire = response(
        v2c.Integer32(-3),
        v2c.OctetString(b"U501"),
        v2c.Opaque(snmp.opaque_float(65.5)),
        v2c.Opaque(b"\x9f\x79\x08" + struct.pack(">d", 1e-4)),
        v2c.NoSuchInstance(""),
        v2c.EndOfMibView(""),
        v2c.TimeTicks(77),
        v2c.ObjectIdentifier((1, 3, 6)),
    )
    answer = snmp.parse_response(wire)
    assert (answer.request_id, answer.error) == (5, "noError")
    assert [bind.value for bind in answer.varbinds] == [-3, b"U501", 65.5, 1e-4, None, None, 77, b"1.3.6"]


def test_the_mibs_own_example_of_a_float_is_understood():
    # WIENER-CRATE-MIB, Float: "the BER serialization of value 123 is '9f780442f60000'h"
    assert snmp.opaque_float(123) == bytes.fromhex("9f780442f60000")
    assert snmp.parse_response(response(v2c.Opaque(bytes.fromhex("9f780442f60000")))).varbinds[0].value == 123


@pytest.mark.parametrize("content", ["9f7804", "9f780442f600", "9f780442f6000000", "aabb"])
def test_an_opaque_that_holds_no_float_stays_bytes(content):
    raw = bytes.fromhex(content)
    assert snmp.parse_response(response(v2c.Opaque(raw))).varbinds[0].value == raw


@given(st.floats(width=32, allow_nan=False))
def test_floats_survive_the_wire(value):
    back = snmp.parse_response(response(v2c.Opaque(snmp.opaque_float(value)))).varbinds[0].value
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


def test_an_agents_error_is_named():
    pdu = v2c.ResponsePDU()
    message(pdu)
    v2c.apiPDU.set_error_status(pdu, 5)
    whole = v2c.Message()
    v2c.apiMessage.set_defaults(whole)
    v2c.apiMessage.set_pdu(whole, pdu)
    assert snmp.parse_response(encoder.encode(whole)).error == "genErr"


def test_a_request_is_no_response():
    with pytest.raises(ReplyGarbled):
        snmp.parse_response(snmp.get("public", 1, [MAIN_SWITCH]))


@given(st.binary(max_size=200))
def test_noise_is_garbled_and_nothing_worse(noise):
    with pytest.raises(ReplyGarbled):
        snmp.parse_response(noise)


@given(st.data())
def test_a_damaged_response_is_taken_or_garbled_and_nothing_worse(data):
    wire = bytearray(
        response(v2c.Opaque(snmp.opaque_float(65.0)), v2c.OctetString(b"\x80\x01\x80"), v2c.Integer32(1))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ReplyGarbled):
        snmp.parse_response(bytes(wire[: data.draw(st.integers(0, len(wire)))]))
