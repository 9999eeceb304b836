"""SNMP v2c messages that read, and nothing else: bytes out of object identifiers, values out of bytes.

Only GetRequest, GetNextRequest and GetBulkRequest can be built here, and `require_read_only` refuses
every other message on the one path that leads to a socket. Messages by pysnmp (RFC 3416); sockets,
engines and MIB files are not needed for that.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto.api import v2c

from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused, refused
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled

Oid = tuple[int, ...]
Value = int | float | bytes | None

_READS = (v2c.GetRequestPDU, v2c.GetNextRequestPDU, v2c.GetBulkRequestPDU)
_ABSENT = (v2c.NoSuchObject, v2c.NoSuchInstance, v2c.EndOfMibView)
# the float in an Opaque: tag [APPLICATION 120] in two octets and the length; 121 for doubles
_FLOAT, _DOUBLE = b"\x9f\x78\x04", b"\x9f\x79\x08"


@dataclass(frozen=True)
class VarBind:
    """An object and its value; None: the agent has no such object, or none behind it."""

    oid: Oid
    value: Value


@dataclass(frozen=True)
class Response:
    """What an agent answered.

    Parameters
    ----------
    request_id
        Of the request it belongs to.
    error
        RFC 3416 error-status, "noError" for none.
    varbinds
        Objects and values; as asked for if there was an error.
    """

    request_id: int
    error: str
    varbinds: tuple[VarBind, ...]


def get(community: str, request_id: int, oids: Sequence[Oid]) -> bytes:
    """Return the message that asks for the values of `oids`."""
    pdu = v2c.GetRequestPDU()
    v2c.apiPDU.set_defaults(pdu)
    return _message(community, request_id, pdu, oids)


def get_next(community: str, request_id: int, oids: Sequence[Oid]) -> bytes:
    """Return the message that asks for the object behind each of `oids`."""
    pdu = v2c.GetNextRequestPDU()
    v2c.apiPDU.set_defaults(pdu)
    return _message(community, request_id, pdu, oids)


def get_bulk(community: str, request_id: int, oids: Sequence[Oid], repetitions: int) -> bytes:
    """Return the message that asks for up to `repetitions` objects behind each of `oids`."""
    pdu = v2c.GetBulkRequestPDU()
    v2c.apiBulkPDU.set_defaults(pdu)
    v2c.apiBulkPDU.set_max_repetitions(pdu, repetitions)
    return _message(community, request_id, pdu, oids)


def require_read_only(wire: bytes) -> bytes:
    """Return `wire` if it is exactly one message that reads.

    Raises
    ------
    CommandRefused
        Otherwise; nothing may be sent.
    """
    try:
        message, rest = decoder.decode(wire, asn1Spec=v2c.Message())
        pdu = v2c.apiMessage.get_pdu(message)
    except PyAsn1Error as error:
        raise _refused(wire, str(error)) from error
    if rest or not isinstance(pdu, _READS):
        raise _refused(wire, type(pdu).__name__ if not rest else f"{len(rest)} more bytes")
    return wire


def parse_response(wire: bytes) -> Response:
    """Return the content of an agent's message.

    Raises
    ------
    ReplyGarbled
        If it is no SNMP v2c response.
    """
    try:
        message, rest = decoder.decode(wire, asn1Spec=v2c.Message())
        pdu = v2c.apiMessage.get_pdu(message)
        if rest or not isinstance(pdu, v2c.ResponsePDU):
            raise _garbled(wire, f"{type(pdu).__name__}, {len(rest)} bytes behind it")
        status = v2c.apiPDU.get_error_status(pdu)
        return Response(
            int(v2c.apiPDU.get_request_id(pdu)),
            status.prettyPrint(),
            tuple(VarBind(oid.asTuple(), plain_value(value)) for oid, value in v2c.apiPDU.get_varbinds(pdu)),
        )
    except (PyAsn1Error, ValueError) as error:
        raise _garbled(wire, str(error)) from error


def opaque_float(value: float) -> bytes:
    """Return the content of an Opaque that holds a single-precision float (WIENER-CRATE-MIB, Float)."""
    return _FLOAT + struct.pack(">f", value)


def _message(community: str, request_id: int, pdu: object, oids: Sequence[Oid]) -> bytes:
    v2c.apiPDU.set_request_id(pdu, request_id)
    v2c.apiPDU.set_varbinds(pdu, [(oid, v2c.null) for oid in oids])
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, community)
    v2c.apiMessage.set_pdu(message, pdu)
    wire: bytes = encoder.encode(message)
    return wire


def plain_value(value: object) -> Value:
    """Return a value of the library as plain Python; an Opaque that holds a float as that float."""
    match value:
        case v2c.Opaque():
            return _from_opaque(bytes(value))
        case v2c.Integer32() | v2c.Integer() | v2c.Unsigned32() | v2c.TimeTicks() | v2c.Counter64():
            return int(value)
        case v2c.OctetString():
            return bytes(value)
        case _ if isinstance(value, (*_ABSENT, v2c.Null)):
            return None
    return str(value).encode()


def _from_opaque(content: bytes) -> float | bytes:
    for head, form in ((_FLOAT, ">f"), (_DOUBLE, ">d")):
        if content.startswith(head) and len(content) == len(head) + struct.calcsize(form):
            (number,) = struct.unpack(form, content[len(head) :])
            return float(number)
    return content


def _refused(wire: bytes, found: str) -> CommandRefused:
    expected = "GetRequest, GetNextRequest or GetBulkRequest"
    return refused(repr(wire[:40]), "a crate", expected, found)


def _garbled(wire: bytes, found: str) -> ReplyGarbled:
    return ReplyGarbled(
        f"{len(wire)} bytes that are no SNMP v2c response", expected="a Response", found=found[:200]
    )
