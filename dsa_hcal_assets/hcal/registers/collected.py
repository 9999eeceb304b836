"""What has been read of one board's registers so far, and why the rest has not."""

from collections.abc import Callable, Sequence
from typing import Any

from dsa_hcal_assets.hcal.acquisition.collecting import Collecting
from dsa_hcal_assets.hcal.registers.modbus import ModbusRequest
from dsa_hcal_assets.hcal.registers.readings import BoardRegisters
from dsa_hcal_assets.hcal.registers.text_protocol import TextRequest

Request = TextRequest | ModbusRequest


class CollectedRegisters(Collecting[Any, BoardRegisters]):
    """Fills up while a board is read; gives its `BoardRegisters` at any point.

    Parameters
    ----------
    kind
        Kind of board.
    parse
        Returns the bits of a complete reply; raises `ReplyGarbled`.
    """

    def __init__(
        self, board: str, kind: str, requests: Sequence[Request], parse: Callable[[Any, bytes], int]
    ) -> None:
        super().__init__(board, requests)
        self._kind = kind
        self._parse_raw = parse
        self._raw: dict[str, int] = {}

    def _parse(self, request: Request, reply: bytes) -> None:
        self._raw[request.name] = self._parse_raw(request, reply)

    def reading(self) -> BoardRegisters:
        """Return the registers as collected so far."""
        errors = {request.name: error.as_record() for request, error in self._errors.items()}
        return BoardRegisters(self._board, self._kind, self._sampled_at, dict(self._raw), errors)
