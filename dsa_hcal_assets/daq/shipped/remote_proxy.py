"""Job type `remote_proxy`: live messages of another supervisor's broker, published here as well.

For looking in on a machine that this one is not federated with, through an SSH tunnel for instance. What
must not be lost goes over a link (`daq.federation`), which also encrypts.
"""

from dataclasses import replace

from pydantic import Field

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.daq.messages.message import Message

_MOST = 1000


class RemoteProxyConfig(JobConfig):
    """Keys of a remote proxy."""

    interval: Duration = 0.02
    """Time between two looks for messages."""
    remote: str = Field(min_length=1)
    """Name of the other supervisor; its jobs appear here as `id@remote`."""
    address: str = Field(pattern=r"^(tcp|ipc)://\S+$")
    """Where its broker lets receivers in, as `tcp://127.0.0.1:5571`. Not encrypted."""
    topics: tuple[str, ...] = Field(min_length=1)
    """Topics that are fetched, as `stats.*`."""


class RemoteProxy(Job[RemoteProxyConfig]):
    """Publishes what comes from the other broker under its own numbers, so that receivers see gaps.

    What already has an `@` came over another link and is left alone: two proxies in a circle do not
    feed each other.
    """

    Config = RemoteProxyConfig
    _receiver: LiveReceiver | None = None
    _sender: LiveSender | None = None

    def setup(self) -> None:
        """Connect to both brokers; the other one may come later."""
        config = self.config
        self._receiver = LiveReceiver(Endpoints(publish="", subscribe=config.address))
        self._receiver.subscribe(*config.topics)
        if self.context.endpoints is not None:
            self._sender = LiveSender(self.context.endpoints, config.id)

    def step(self) -> None:
        """Pass on what has come."""
        if self._receiver is None:
            return
        for _ in range(_MOST):
            message = self._receiver.receive()
            if message is None:
                break
            if isinstance(message, Message) and "@" not in message.producer:
                self._pass_on(message)
        for producer, missed in self._receiver.gaps.items():
            self.metrics.missed(self._here(producer), missed)

    def teardown(self) -> None:
        """Let go of both."""
        for end in (self._receiver, self._sender):
            if end is not None:
                end.close()

    def _pass_on(self, message: Message) -> None:
        self.metrics.received((message,))
        named = replace(message, producer=self._here(message.producer))
        if self._sender is not None and self._sender.relay(named):
            self.metrics.sent(message.topic, len(message.payload))
        else:
            self.metrics.dropped()

    def _here(self, producer: str) -> str:
        return f"{producer}@{self.config.remote}"
