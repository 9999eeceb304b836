"""All streams that come from one peer, each into its mirror here."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.incoming import IncomingStream, Window, mirror_name
from dsa_hcal_assets.daq.federation.protocol import Ack, Data, Pull
from dsa_hcal_assets.daq.federation.surroundings import Surroundings
from dsa_hcal_assets.daq.streams.interface import StreamWriter
from dsa_hcal_assets.daq.streams.opening import open_writer
from dsa_hcal_assets.errors import PlatformError


class Receiving:
    """All streams taken from one peer; a mirror that fails does not hold up the others."""

    def __init__(self, peer: PeerConfig, around: Surroundings) -> None:
        self._peer, self._around = peer, around
        self._streams: dict[str, IncomingStream] = {}

    def held(self) -> dict[str, tuple[int, int, int]]:
        """Return the session and where the mirror ends, by producer."""
        return {name: (stream.session, *stream.end) for name, stream in self._streams.items()}

    def missing(self, offers: Sequence[str], sent: Mapping[str, tuple[int, int]]) -> Iterator[Pull]:
        """Yield what has to be asked for, given what the peer offers and says it has sent."""
        for producer in offers:
            stream = self._stream(producer)
            pull = stream.missing(sent.get(producer)) if stream is not None else None
            if pull is not None:
                yield pull

    def take(self, data: Data, frames: Sequence[memoryview]) -> Pull | None:
        """Take frames of a stream; return the request that is due if they do not follow what came before."""
        stream = self._streams.get(data.producer)
        if stream is None:
            return None
        try:
            follows = stream.take(data, frames)
        except PlatformError as error:
            self._around.troubles.note(self._peer.id, error)
            follows = False
        return None if follows else stream.pull_anew()

    def acks(self) -> Iterator[Ack]:
        """Append what has come to the mirrors; yield how far each that grew goes now."""
        for stream in self._streams.values():
            try:
                appended = stream.append()
            except PlatformError as error:
                self._around.troubles.note(self._peer.id, error)
                continue
            if appended:
                self._around.metrics.received(appended)
                if self._around.live is not None:
                    self._around.live.notice(stream.name, *stream.end)
            ack = stream.ack()
            if ack is not None:
                yield ack

    def status(self) -> dict[str, Any]:
        """Return what is to be known of each stream."""
        for stream in self._streams.values():
            self._around.metrics.queued(stream.name, stream.waiting)
            self._around.metrics.lost(stream.name, stream.holes)
        return {
            name: {
                "appended": stream.appended,
                "repeated": stream.repeated,
                "holes": stream.holes,
                "waiting": stream.waiting,
            }
            for name, stream in self._streams.items()
        }

    def close(self) -> None:
        """Let go of all mirrors."""
        for stream in self._streams.values():
            stream.close()

    def _stream(self, producer: str) -> IncomingStream | None:
        if producer in self._streams:
            return self._streams[producer]
        if not any(fnmatchcase(producer, pattern) for pattern in self._peer.receive):
            return None
        config = self._around.config
        window = Window(config.window_messages, int(config.window_bytes))
        try:
            stream = IncomingStream(producer, self._peer.id, self._mirror(producer), window)
        except PlatformError as error:
            self._around.troubles.note(self._peer.id, error)
            return None
        self._streams[producer] = stream
        return stream

    def _mirror(self, producer: str) -> StreamWriter:
        name = mirror_name(producer, self._peer.id)
        config = self._around.config
        readers = [one.name for one in config.readers if fnmatchcase(name, one.producers)]
        return open_writer(self._around.place, name, config.mirror, readers, epoch=0)
