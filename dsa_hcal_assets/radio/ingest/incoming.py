"""Which files of a directory are whole and new, found without reading them and without asking twice.

Kept in memory between looks and rebuilt from the ledger after a restart: names that are settled cost
one comparison a listing, and a directory that did not change is not even listed. That a file has
ceased to grow is seen, never inferred from its time stamp: copies keep old times while they grow, and
clocks of other machines are wrong.
"""

import itertools
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

# Coarsest time stamps of common filesystems (FAT): within it a directory may change and not show it.
STAMP_SECONDS = 2.0
# Some network filesystems keep a directory's time stamp back: listed anyway now and then.
RELIST_SECONDS = 60.0
# What could not be read or is no file is tried again after this.
RETRY_SECONDS = 60.0
# Files whose size is looked at in one look, for each that may be handed out.
LOOKED_AT = 4

Clock = Callable[[], float]


@dataclass(frozen=True)
class Seen:
    """What a file looked like at a moment of the clock."""

    bytes: int
    mtime_ns: int
    inode: int
    at: float

    def is_like(self, other: "Seen") -> bool:
        """Tell whether nothing changed from one to the other."""
        return (self.bytes, self.mtime_ns, self.inode) == (other.bytes, other.mtime_ns, other.inode)


@dataclass
class Ready:
    """What one look found. `left` counts names beyond this look's batch."""

    paths: list[Path] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    settling: list[str] = field(default_factory=list)
    left: int = 0


class IncomingDirectory:
    """The files of one directory that nobody has taken yet.

    Parameters
    ----------
    directory
        Where files land.
    wanted
        Tells whether a name is that of a data file.
    settle_seconds
        A file is whole when its size and time stamp were seen unchanged over this time; 0: at once, for
        directories into which files are only ever renamed.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        directory: Path,
        wanted: Callable[[str], bool],
        settle_seconds: float,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self.directory = directory
        self._wanted = wanted
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._names: dict[str, int] = {}  # data files of the last listing, with their inodes
        self._others: set[str] = set()  # names in it that are no data files
        self._new: dict[str, None] = {}  # never looked at, in order
        self._settling: dict[str, Seen] = {}  # in the order of `at`
        self._handed_out: dict[str, Seen] = {}
        self._refused: dict[str, float] = {}  # when to try again
        self._stamp = -1
        self._stamp_since = self._listed_at = -RELIST_SECONDS

    def look(self, unknown: Callable[[Iterable[str]], list[str]], most: int) -> Ready:
        """Return up to `most` files that are whole and new.

        A file handed out comes again at the next look unless `done` or `refuse` was called for it.

        Parameters
        ----------
        unknown
            Returns those of some names that the ledger does not have yet.

        Raises
        ------
        FileNotFoundError
            If there is no such directory.
        """
        if self._handed_out:
            self._settling = self._handed_out | self._settling
            self._handed_out = {}
        if self._must_list():
            self._list(unknown)
        now = self._clock()
        self._retry(now)
        ready = Ready()
        # As many as may leave come in, so that files which never cease to grow keep nobody out.
        for name in list(itertools.islice(self._new, max(most, LOOKED_AT * most - len(self._settling)))):
            self._first_look(name, now, ready)
        for name, seen in list(itertools.islice(self._settling.items(), LOOKED_AT * most)):
            if len(ready.paths) == most:
                break
            self._look_again(name, seen, now, ready)
        late = sum(
            1 for _ in itertools.takewhile(lambda seen: self._has_settled(seen, now), self._settling.values())
        )
        ready.settling = list(self._settling)[late:]
        ready.left = late + len(self._new)
        return ready

    def done(self, name: str, *, gone: bool = False) -> None:
        """Note that a file was taken; `gone`: it left the directory, so the name may come again."""
        self._handed_out.pop(name, None)
        if gone:
            self._names.pop(name, None)

    def refuse(self, name: str) -> None:
        """Note that a file could not be taken; it is tried again later."""
        self._handed_out.pop(name, None)
        self._refused[name] = self._clock() + RETRY_SECONDS

    def _has_settled(self, seen: Seen, now: float) -> bool:
        """Tell whether a file that still looks like this has settled."""
        return seen.at + self._settle_seconds <= now

    def _must_list(self) -> bool:
        now, stamp = self._clock(), self.directory.stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp, self._stamp_since = stamp, now
        return self._listed_at <= self._stamp_since + STAMP_SECONDS or now - self._listed_at >= RELIST_SECONDS

    def _list(self, unknown: Callable[[Iterable[str]], list[str]]) -> None:
        started = self._clock()
        names: dict[str, int] = {}
        others: set[str] = set()
        fresh: list[str] = []
        with os.scandir(self.directory) as entries:
            for entry in entries:
                name, inode = entry.name, entry.inode()
                # A known name with another inode is not the file that was known.
                if self._names.get(name) == inode:
                    names[name] = inode
                elif name in self._others or not self._wanted(name):
                    others.add(name)
                else:
                    names[name] = inode
                    fresh.append(name)
        new = unknown(fresh) if fresh else []
        # All of it or, if the ledger cannot be asked, nothing: the next look lists again.
        self._names, self._others, self._listed_at = names, others, started
        for name in new:
            self._settling.pop(name, None)
            self._refused.pop(name, None)
        if new:  # what landed just now goes before a backlog, oldest first
            self._new = dict.fromkeys(new) | self._new

    def _retry(self, now: float) -> None:
        due = [name for name, at in self._refused.items() if at <= now]
        for name in due:
            del self._refused[name]
            self._new[name] = None

    def _first_look(self, name: str, now: float, ready: Ready) -> None:
        del self._new[name]
        seen = self._see(name, now, ready)
        if seen is not None:
            self._settling[name] = seen

    def _look_again(self, name: str, before: Seen, now: float, ready: Ready) -> None:
        seen = self._see(name, now, ready)
        if seen is not None and seen.is_like(before) and not self._has_settled(before, now):
            return
        del self._settling[name]
        if seen is None:
            return
        if seen.is_like(before):
            self._handed_out[name] = before
            ready.paths.append(self.directory / name)
        else:
            self._settling[name] = seen

    def _see(self, name: str, now: float, ready: Ready) -> Seen | None:
        try:
            status = (self.directory / name).lstat()
        except FileNotFoundError:
            self._names.pop(name, None)
            return None
        except OSError as error:
            ready.refused[name] = str(error.strerror)
            self.refuse(name)
            return None
        if not stat.S_ISREG(status.st_mode):
            ready.refused[name] = "a link, directory or device with a data file's name"
            self.refuse(name)
            return None
        return Seen(status.st_size, status.st_mtime_ns, status.st_ino, now)
