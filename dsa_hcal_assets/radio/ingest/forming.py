"""Files that landed but have no header read yet, told as groups by the time stamps in their names.

Only a label for people: the stamps of one group's names differ by up to a hundred seconds, and the
key of a group is its header's first time stamp.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.profiles.model import Profile

# More is a backlog, of which people want to see the beginning.
MOST = 100


@dataclass(frozen=True)
class Forming:
    """Names whose stamps lie together; `about` is the earliest of them."""

    about: datetime
    names: int

    def __str__(self) -> str:
        return f"about {self.about:%Y-%m-%dT%H:%M:%S}, {self.names} names seen, no header yet"


def cluster(stamps: Iterable[datetime], tolerance: timedelta) -> list[Forming]:
    """Return clusters of time stamps no longer than `tolerance`, oldest first."""
    clusters: list[Forming] = []
    for stamp in sorted(stamps):
        if clusters and stamp - clusters[-1].about <= tolerance:
            clusters[-1] = Forming(clusters[-1].about, clusters[-1].names + 1)
        else:
            clusters.append(Forming(stamp, 1))
    return clusters


class FormingGroups:
    """Keeps table ``radio.forming`` as it was last seen; written only when it changed.

    Parameters
    ----------
    tolerance_seconds
        Longest time between the first and the last stamp of a cluster.
    """

    def __init__(self, database: Database, profiles: Mapping[str, Profile], tolerance_seconds: float) -> None:
        self._database = database
        self._profiles = profiles
        self._tolerance = timedelta(seconds=tolerance_seconds)
        self._written: list[Forming] | None = None  # what an earlier process left is not known

    def note(self, names: Iterable[str], now: datetime) -> list[Forming]:
        """Write down the clusters of `names`, at most `MOST`, and return them."""
        stamps = [stamp for name in names if (stamp := self._stamp(name)) is not None]
        forming = cluster(stamps, self._tolerance)[:MOST]
        if forming != self._written:
            with self._database.transaction() as cursor:
                cursor.execute("delete from radio.forming")
                for one in forming:
                    cursor.execute(
                        "insert into radio.forming (about, names, noted_at) values (%s, %s, %s)",
                        (one.about, one.names, now),
                    )
            self._written = forming
        return forming

    def _stamp(self, name: str) -> datetime | None:
        stamps = (profile.subbands.stamp_of_name(name) for profile in self._profiles.values())
        return next((stamp for stamp in stamps if stamp is not None), None)


def forming(database: Database) -> list[Forming]:
    """Return what the running watch noted last, oldest first."""
    return [Forming(*row) for row in database.rows("select about, names from radio.forming order by about")]
