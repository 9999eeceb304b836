"""A simulated bias crate's SNMP v2c agent on a UDP port (RFC 3416: get, get-next, get-bulk, set)."""

import asyncio
import math
from collections.abc import Iterable
from itertools import chain

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto.api import v2c

from dsa_hcal_assets.hcal.supplies.snmp import Oid, opaque_float, plain_value
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.listening import Listening
from dsa_hcal_assets.simulation.supplies.mpod import SimulatedMpod

READ, WRITE = "public", "guru"  # communities as crates are delivered
NO_ACCESS, NOT_WRITABLE = 6, 17  # RFC 3416 error-status
_LONGEST = 1472  # bytes of an answer: one Ethernet frame
_NAN = v2c.Opaque(opaque_float(math.nan))

VarBind = tuple[Oid, object]


class MpodAgent(Listening, asyncio.DatagramProtocol):
    """Answers for a `SimulatedMpod`.

    Parameters
    ----------
    crate
        The crate.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one at the first start and keeps it.
    faults
        What is wrong; of those of the boards, `down`, `mute`, `latency_ms`, `garbage`, `nan`,
        `extra_values` (negative: the table ends that many rows too early) and `reset` (answers twice, the
        first time to another request) mean something here.
    """

    def __init__(
        self, crate: SimulatedMpod, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None
    ) -> None:
        super().__init__(host, port, faults)
        self.crate = crate
        self.requests = 0  # understood since the start
        self._transport: asyncio.DatagramTransport | None = None

    async def stop(self) -> None:
        """Close the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            await asyncio.sleep(0)  # the socket is closed by the loop's next turn

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request; what is no request, or has a wrong community, gets no answer."""
        answer = self._answer(data)
        if answer is None or self.faults.mute:
            return
        asyncio.get_running_loop().call_later(self.faults.latency_ms / 1000, self._send, answer, addr)

    async def _listen(self) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(self.host, self.port)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        if self._transport is None:
            return
        if self.faults.garbage:
            answer = bytes(byte ^ 0x5A for byte in answer)
        if self.faults.reset:
            self._transport.sendto(_with_another_id(answer), addr)
        self._transport.sendto(answer, addr)

    def _answer(self, data: bytes) -> bytes | None:
        try:
            message, _ = decoder.decode(data, asn1Spec=v2c.Message())
            request = v2c.apiMessage.get_pdu(message)
            community = str(v2c.apiMessage.get_community(message))
        except PyAsn1Error:
            return None
        if community not in (READ, WRITE):
            return None
        self.requests += 1
        response = v2c.apiMessage.get_response(message)
        pdu = v2c.apiMessage.get_pdu(response)
        asked = [oid.asTuple() for oid, _ in v2c.apiPDU.get_varbinds(request)]
        match request:
            case v2c.GetRequestPDU():
                _fill(pdu, [self._read(oid) for oid in asked])
            case v2c.GetNextRequestPDU():
                _fill(pdu, [self._behind(oid) for oid in asked])
            case v2c.GetBulkRequestPDU():
                return self._bulk(response, request, asked)
            case v2c.SetRequestPDU():
                self._set(pdu, request, community)
            case _:
                return None
        encoded: bytes = encoder.encode(response)
        return encoded

    def _bulk(self, response: object, request: object, asked: list[Oid]) -> bytes:
        """Fill in rows until the repetitions are done or the answer would not fit a frame."""
        single = int(v2c.apiBulkPDU.get_non_repeaters(request))
        repetitions = int(v2c.apiBulkPDU.get_max_repetitions(request))
        rows = [[self._behind(oid) for oid in asked[:single]]]
        at = asked[single:]
        for _ in range(repetitions):
            rows.append([self._behind(oid) for oid in at])
            at = [oid for oid, _ in rows[-1]]
        while True:
            _fill(v2c.apiMessage.get_pdu(response), chain.from_iterable(rows))
            encoded: bytes = encoder.encode(response)
            if len(encoded) <= _LONGEST or len(rows) <= 2:
                return encoded
            rows.pop()

    def _read(self, oid: Oid) -> VarBind:
        value = self.crate.get(oid)
        return oid, v2c.NoSuchInstance("") if value is None else self._spoilt(value)

    def _behind(self, oid: Oid) -> VarBind:
        following = self.crate.next(oid)
        if following is None or self._cut_off(following):
            return oid, v2c.EndOfMibView("")
        return following, self._spoilt(self.crate.get(following))

    def _cut_off(self, oid: Oid) -> bool:
        return self.faults.extra_values < 0 and oid[-1] > 708 + self.faults.extra_values

    def _spoilt(self, value: object) -> object:
        return _NAN if self.faults.nan and isinstance(value, v2c.Opaque) else value

    def _set(self, pdu: object, request: object, community: str) -> None:
        varbinds = [(oid.asTuple(), value) for oid, value in v2c.apiPDU.get_varbinds(request)]
        _fill(pdu, varbinds)
        for number, (oid, value) in enumerate(varbinds, start=1):
            self.crate.settings.append(oid)
            allowed = community == WRITE
            if allowed and self.crate.set(oid, plain_value(value)):
                continue
            v2c.apiPDU.set_error_status(pdu, NOT_WRITABLE if allowed else NO_ACCESS)
            v2c.apiPDU.set_error_index(pdu, number)
            return


def _fill(pdu: object, varbinds: Iterable[VarBind]) -> None:
    v2c.apiPDU.set_varbinds(pdu, list(varbinds))


def _with_another_id(answer: bytes) -> bytes:
    message, _ = decoder.decode(answer, asn1Spec=v2c.Message())
    pdu = v2c.apiMessage.get_pdu(message)
    v2c.apiPDU.set_request_id(pdu, int(v2c.apiPDU.get_request_id(pdu)) + 1)
    encoded: bytes = encoder.encode(message)
    return encoded
