"""Announce the Measurement Sets of an archive to the platform, without moving or copying any."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.ledger import files, trees
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.archive.stillness import Stillness

_UNTIL_IT_CHANGES = datetime.max.replace(tzinfo=UTC)


@dataclass
class Announced:
    """What one look at an archive did, by the sets' paths."""

    new: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    settling: list[Path] = field(default_factory=list)
    refused: dict[Path, str] = field(default_factory=dict)


def announce(
    sets: Iterable[Path],
    incoming: Path,
    stillness: Stillness,
    settle: timedelta,
    now: datetime,
    *,
    pointing_dec_deg: float | None = None,
) -> Announced:
    """Write a reference for each set that has been seen unchanged for `settle`.

    A content announced before gets no second reference, so looking again costs little and does
    nothing. A set that cannot be looked at never holds up another.

    Parameters
    ----------
    sets
        Directories, as `catalogue.find_sets` finds them.
    incoming
        Where references go; made when missing.
    stillness
        Of the process that looks on; at least two looks are needed.
    settle
        How long a set must have been seen unchanged.
    pointing_dec_deg
        Apparent declination all these sets were pointed to, where they do not say it themselves.
    """
    files.make_directory(incoming)
    report = Announced()
    for path in sets:
        try:
            if stillness.lasts(path, now) < settle:
                report.settling.append(path)
                continue
            if stillness.is_put_off(path, now):
                report.known.append(path)
                continue
            identity = trees.identify(path)
        except PlatformError as error:
            report.refused[path] = str(error)
            continue
        reference = Reference(
            path=path.absolute(),
            digest=identity.digest,
            bytes=identity.bytes,
            pointing_dec_deg=pointing_dec_deg,
        )
        if files.exists(incoming / reference.name):
            report.known.append(path)
        else:
            reference.write(incoming)
            report.new.append(path)
        stillness.put_off(path, _UNTIL_IT_CHANGES)
    return report
