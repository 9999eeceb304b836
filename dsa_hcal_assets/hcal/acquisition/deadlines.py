"""How long the acquisition waits for what."""

from dataclasses import dataclass

from dsa_hcal_assets.settings.hcal import HcalSettings


@dataclass(frozen=True)
class Deadlines:
    """Seconds the acquisition waits before it goes on without an answer.

    Parameters
    ----------
    connect
        One connection attempt.
    reply
        One command's reply.
    board
        All readings of one board in one cycle.
    quiet
        Silence after which nothing more is expected of a board that is out of step.
    backoff
        First pause before reconnecting within a cycle; doubles, with jitter.
    """

    connect: float = 2.0
    reply: float = 2.0
    board: float = 30.0
    quiet: float = 0.1
    backoff: float = 0.1

    @classmethod
    def of(cls, settings: HcalSettings) -> "Deadlines":
        """Return the deadlines of the settings; a board never gets more than a cycle's time."""
        return cls(
            connect=settings.connect_seconds,
            reply=settings.reply_seconds,
            board=min(settings.board_seconds, 0.9 * settings.poll_seconds),
        )
