"""All streams that one peer gets from here."""

from collections.abc import Iterator
from typing import Any

from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.outgoing import OutgoingStream
from dsa_hcal_assets.daq.federation.protocol import Data, Place, Pull
from dsa_hcal_assets.daq.federation.surroundings import Surroundings
from dsa_hcal_assets.daq.streams.opening import open_reader
from dsa_hcal_assets.errors import BadInput, PlatformError


class NotOffered(BadInput):
    """A peer asks for a stream that it is not to get."""


def reader_name(peer: str) -> str:
    """Return the name of the reader that holds what `peer` has not acknowledged yet."""
    return f"link:{peer}"


class Sending:
    """All streams that one peer gets; a stream that fails does not hold up the others."""

    def __init__(self, peer: PeerConfig, around: Surroundings) -> None:
        self._peer, self._around = peer.id, around
        self._streams = {producer: self._open(producer) for producer in peer.send}

    @property
    def producers(self) -> tuple[str, ...]:
        """Whose streams are offered."""
        return tuple(self._streams)

    def sent(self) -> dict[str, tuple[int, int]]:
        """Return (session, serial) of what was sent last, by producer."""
        return {name: (stream.session, stream.serial) for name, stream in self._streams.items()}

    def pull(self, request: Pull) -> None:
        """Send a stream anew from where the peer says.

        Raises
        ------
        NotOffered
            If the peer is not to get it.
        """
        if request.producer not in self._streams:
            raise NotOffered(
                f"{self._peer} asks for the stream of {request.producer!r}",
                expected=f"one of {', '.join(self._streams) or 'none'}",
                remedy="add it to `send` of this peer, if it is to get it",
            )
        self._streams[request.producer].pull(request)

    def acknowledged(self, producer: str, session: int, held: Place) -> None:
        """Note that the peer's mirror ends at `held`."""
        stream = self._streams.get(producer)
        if stream is not None:
            stream.acknowledged(session, held)

    def batches(self) -> Iterator[tuple[Data, list[bytes | memoryview]]]:
        """Yield what is to be sent next of each stream."""
        for stream in self._streams.values():
            try:
                batch = stream.batch()
            except PlatformError as error:
                self._around.troubles.note(self._peer, error)
                continue
            if batch is not None:
                yield batch

    def status(self) -> dict[str, Any]:
        """Return what is to be known of each stream."""
        for name, stream in self._streams.items():
            self._around.metrics.lost(name, stream.lost)
        return {
            name: {"sent": stream.sent, "under_way": stream.under_way, "lost": stream.lost}
            for name, stream in self._streams.items()
        }

    def close(self) -> None:
        """Let go of all streams."""
        for stream in self._streams.values():
            stream.close()

    def _open(self, producer: str) -> OutgoingStream:
        place, name = self._around.place, reader_name(self._peer)
        return OutgoingStream(producer, lambda: open_reader(place, producer, name), self._around.metrics.sent)
