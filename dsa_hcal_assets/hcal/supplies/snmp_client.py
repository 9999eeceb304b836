"""Asking an SNMP agent over UDP: one question at a time, asked again a few times, in time."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from dsa_hcal_assets.errors import TransientError
from dsa_hcal_assets.hcal.acquisition.connection import BoardUnreachable
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ReplyTimeout
from dsa_hcal_assets.hcal.supplies import snmp
from dsa_hcal_assets.hcal.supplies.snmp import Oid, Response, VarBind
from dsa_hcal_assets.hcal.supplies.units import Mpod

ATTEMPTS = 3  # each waits twice as long as the one before, together the deadline of a reply
_LOOK = "check power, network, address and community of the crate; it is asked again in the next cycle"
_log = logging.getLogger(__name__)


class AgentRefused(TransientError):
    """An agent answered with an error."""


class SnmpClient(asyncio.DatagramProtocol):
    """A socket to one agent; made by `open`. Datagrams that answer nothing asked are dropped."""

    _transport: asyncio.DatagramTransport

    def __init__(self, unit: Mpod, deadlines: Deadlines) -> None:
        self._unit, self._deadlines = unit, deadlines
        self._request_id = random.randrange(1, 2**30)
        self._answer: asyncio.Future[Response] | None = None
        self._garbled: ReplyGarbled | None = None

    @classmethod
    async def open(cls, unit: Mpod, deadlines: Deadlines) -> "SnmpClient":
        """Make the socket; nothing is sent.

        Raises
        ------
        BoardUnreachable
            If the name cannot be resolved or there is no way to the address.
        """
        client = cls(unit, deadlines)
        try:
            async with asyncio.timeout(deadlines.connect):
                client._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: client, remote_addr=(unit.host, unit.port)
                )
        except OSError as error:  # also TimeoutError
            raise BoardUnreachable(
                f"crate {unit.id} at {unit.host}:{unit.port}: no way to it", found=str(error), remedy=_LOOK
            ) from error
        return client

    async def get(self, oids: Sequence[Oid]) -> tuple[VarBind, ...]:
        """Return the values of `oids`; raises as `get_bulk`."""
        return await self._ask(lambda number: snmp.get(self._unit.community, number, oids))

    async def get_bulk(self, oids: Sequence[Oid], repetitions: int) -> tuple[VarBind, ...]:
        """Return up to `repetitions` objects behind each of `oids`, rows of one object each.

        Raises
        ------
        ReplyTimeout, BoardUnreachable
            If no answer came in time, or the crate's machine says that nobody listens.
        ReplyGarbled
            If what came instead of an answer cannot be read.
        AgentRefused
            If the agent answered with an error.
        """
        return await self._ask(lambda number: snmp.get_bulk(self._unit.community, number, oids, repetitions))

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()

    # --- what asyncio calls ---

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        """Take an answer, if it is one to what is being asked."""
        try:
            response = snmp.parse_response(data)
        except ReplyGarbled as error:
            self._garbled = error
            return
        if self._answer is None or self._answer.done() or response.request_id != self._request_id:
            _log.debug("crate %s: an answer to nothing asked, %d", self._unit.id, response.request_id)
            return
        self._answer.set_result(response)

    def error_received(self, exc: Exception) -> None:
        """Take the network's word that nobody listens."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(
                BoardUnreachable(
                    f"crate {self._unit.id} at {self._unit.host}:{self._unit.port}: nobody listens",
                    found=str(exc),
                    remedy=_LOOK,
                )
            )

    async def _ask(self, message: Callable[[int], bytes]) -> tuple[VarBind, ...]:
        self._request_id += 1
        wire = snmp.require_read_only(message(self._request_id))
        self._garbled = None
        self._answer = asyncio.get_running_loop().create_future()
        try:
            response = await self._answered(wire, self._answer)
        finally:
            self._answer = None
        if response.error != "noError":
            raise AgentRefused(f"crate {self._unit.id} answered {response.error}", remedy=_LOOK)
        return response.varbinds

    async def _answered(self, wire: bytes, answer: "asyncio.Future[Response]") -> Response:
        first = self._deadlines.reply / (2**ATTEMPTS - 1)
        for attempt in range(ATTEMPTS):
            self._transport.sendto(wire)
            await asyncio.wait({answer}, timeout=first * 2**attempt)
            if answer.done():
                return answer.result()
        if self._garbled is not None:
            raise self._garbled
        raise ReplyTimeout(
            f"crate {self._unit.id}: no answer within {self._deadlines.reply:g} s",
            found=f"{ATTEMPTS} requests unanswered",
            remedy=_LOOK,
        )
