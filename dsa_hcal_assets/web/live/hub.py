"""One reader of the database for all clients: it starts with the first of them and ends with the last."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import anyio
from anyio import to_thread

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.live import messages
from dsa_hcal_assets.web.live.feeds import Feed, Feeds, Look, State
from dsa_hcal_assets.web.live.mailbox import Mailbox

logger = logging.getLogger(__name__)

# Other tasks of the event loop get their turn after so many clients.
_BATCH = 50


class Hub:
    """Looks for what has changed and leaves it in the mailboxes of all clients.

    The database is read in a thread, never in the event loop, and by one thread at a time. To be used
    within one event loop.

    Parameters
    ----------
    feeds
        The topics.
    database
        Gives the connections to read with; called in the reading thread.
    settings
        Time between two looks, and between two heartbeats.
    """

    def __init__(
        self, feeds: Sequence[Feed], database: Callable[[], Database], settings: LiveSettings
    ) -> None:
        self.topics = frozenset(feed.topic for feed in feeds)
        self._feeds = feeds
        self._database = database
        self._settings = settings
        self._mailboxes: set[Mailbox] = set()
        self._states: dict[str, State] = {}
        self._unread: dict[str, str] = {}
        self._running: asyncio.Task[None] | None = None
        # A look that was given up goes on in its thread until its deadline; the next one waits for it.
        self._one_reader = anyio.CapacityLimiter(1)

    @property
    def idle(self) -> bool:
        """Whether nobody listens, and so nothing is read."""
        return self._running is None

    def join(self, mailbox: Mailbox) -> None:
        """Leave all there is to know now in a mailbox, and from now on what changes."""
        self._mailboxes.add(mailbox)
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="live data")
            self._running.add_done_callback(self._ended)
        self.catch_up(mailbox)
        if self._unread:
            mailbox.tell("outage", messages.outage(self._unread))

    def catch_up(self, mailbox: Mailbox) -> None:
        """Leave the present states in a mailbox that has not had them."""
        for state in self._states.values():
            mailbox.put(state)

    def leave(self, mailbox: Mailbox) -> None:
        """Forget a mailbox; with the last one reading ends."""
        self._mailboxes.discard(mailbox)
        if not self._mailboxes and self._running is not None:
            self._running.cancel()
            self._running = None
            self._states.clear()
            self._unread.clear()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again_and_again(Feeds(self._feeds, self._database)))
            group.create_task(self._beat())

    async def _look_again_and_again(self, feeds: Feeds) -> None:
        while True:
            look = await to_thread.run_sync(feeds.look, abandon_on_cancel=True, limiter=self._one_reader)
            await self._tell(look)
            await asyncio.sleep(self._settings.poll_seconds)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            text = messages.heartbeat()
            await self._each(partial(Mailbox.tell, kind="heartbeat", text=text))

    async def _tell(self, look: Look) -> None:
        for state in look.states:
            self._states[state.topic] = state
            await self._each(partial(Mailbox.put, state=state))
        if look.unread != self._unread:
            self._unread = look.unread
            kind = "outage" if look.unread else "recovered"
            text = messages.outage(look.unread) if look.unread else messages.recovered()
            await self._each(partial(Mailbox.tell, kind=kind, text=text))

    async def _each(self, leave: Callable[[Mailbox], object]) -> None:
        for number, mailbox in enumerate(list(self._mailboxes), start=1):
            leave(mailbox)
            if number % _BATCH == 0:
                await asyncio.sleep(0)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        logger.error("live data ended; clients have to come again", exc_info=task.exception())
        for mailbox in list(self._mailboxes):
            mailbox.close()
            self.leave(mailbox)
