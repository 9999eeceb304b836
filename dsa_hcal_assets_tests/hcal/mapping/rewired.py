"""Map files that differ from the shipped one in a way that is known."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dsa_hcal_assets.hcal.mapping import assumed_map
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map

Place = tuple[str, ...]  # a board, a channel of it, or one value: ("80",), ("80", "1"), ("80", "1", "7")


def exchanged(*pairs: tuple[Place, Place], since: str | None = None, until: str | None = None) -> str:
    """Return the text of a map in which what was on one place is on the other (for a time)."""
    other = {one: two for pair in pairs for one, two in (pair, pair[::-1])}
    return _rewritten(other, since, until)


def written(path: Path, text: str) -> ChannelMap:
    """Write a map to a file and read it."""
    path.write_text(text, encoding="utf-8")
    return load_channel_map(path)


def relabelled(of_value: Callable[[int], int]) -> str:
    """Return the text of a map whose channels have their 24 values in another order."""
    head, rows = _lines()
    result = []
    for row in rows:
        fields = row.split(",")
        fields[4] = str(of_value(int(fields[4])))
        result.append(",".join(fields))
    return "\n".join([head, *result]) + "\n"


def _rewritten(other: Mapping[Place, Place], since: str | None, until: str | None) -> str:
    head, rows = _lines()
    result = []
    for row in rows:
        start, end, *place, detector, ieta, iphi = row.split(",")
        moved = next(
            (
                [*other[tuple(place[:size])], *place[size:]]
                for size in (1, 2, 3)
                if tuple(place[:size]) in other
            ),
            None,
        )
        tower = [detector, ieta, iphi]
        if moved is None:
            result.append(row)
            continue
        if since is not None:
            result.append(",".join([start, since, *place, *tower]))
        result.append(",".join([since or start, until or end, *moved, *tower]))
        if until is not None:
            result.append(",".join([until, end, *place, *tower]))
    return "\n".join([head, *result]) + "\n"


def _lines() -> tuple[str, list[str]]:
    head, *rows = [line for line in "".join(assumed_map.lines()).splitlines() if not line.startswith("#")]
    return head, rows
