"""What all peers of a link share on this side."""

import random
from dataclasses import dataclass, field

from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.federation.config import LinkConfig
from dsa_hcal_assets.daq.federation.troubles import Troubles
from dsa_hcal_assets.daq.statistics.metrics import JobMetrics
from dsa_hcal_assets.daq.streams.opening import StreamPlace


@dataclass(frozen=True)
class Surroundings:
    """What all peers of a link share on this side.

    Attributes
    ----------
    config
        The link's.
    place
        Where streams lie.
    live
        The way to the broker here; None without one.
    metrics, troubles
        Where things are counted.
    process
        Number by which peers tell this process from an earlier one of the same link.
    """

    config: LinkConfig
    place: StreamPlace
    live: LiveSender | None
    metrics: JobMetrics
    troubles: Troubles = field(default_factory=Troubles)
    process: int = field(default_factory=lambda: random.getrandbits(63))
