"""Whole, half-copied, locked: told apart by what the tables themselves announce."""

import os
import subprocess
import sys

import pytest

from dsa_hcal_assets.radio.archive.errors import HalfCopied, LockedMeasurementSet, MissingParts
from dsa_hcal_assets.radio.archive.parts import require_whole

WRITER = """
import sys
from casacore import tables
table = tables.table(sys.argv[1], readonly=False, ack=False, lockoptions="permanent")
print("locked", flush=True)
sys.stdin.readline()
table.close()
"""


def test_every_file_that_is_missing_is_noticed(copy, tiny_set):
    """A copy lacking any one file is told from the whole; what casacore makes anew is no loss."""
    ms = copy("a.ms")
    needed = [path for path in sorted(ms.rglob("table.*")) if path.name != "table.lock"]
    unnoticed = []
    for path in needed:
        content = path.read_bytes()
        path.unlink()
        try:
            require_whole(ms)
            unnoticed.append(str(path.relative_to(ms)))
        except HalfCopied:
            pass
        path.write_bytes(content)
    require_whole(ms)
    parts = {name.partition("/")[0] for name in unnoticed}
    # subtables nothing is read from, and descriptions of subtables
    assert parts <= {"FEED", "FLAG_CMD", "HISTORY", "POINTING", "PROCESSOR", "SOURCE", "STATE"} | {
        name.partition("/")[0] for name in unnoticed if name.endswith("table.info")
    }
    assert "table.info" not in unnoticed


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_data_file_cut_short_is_noticed(copy, share):
    ms = copy("a.ms")
    large = max(ms.glob("table.f*"), key=lambda path: path.stat().st_size)
    os.truncate(large, int(large.stat().st_size * share))
    with pytest.raises(HalfCopied):
        require_whole(ms)


def test_a_set_another_process_writes_into_is_left_until_it_is_closed(copy):
    ms = copy("a.ms")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "locked\n"
        with pytest.raises(LockedMeasurementSet) as refused:
            require_whole(ms)
        assert refused.value.transient
        writer.communicate("\n", timeout=30)
    require_whole(ms)


def test_a_set_whose_rows_lie_in_another_table_does_not_stand_on_its_own(copy):
    from casacore import tables

    ms = copy("a.ms")
    part = ms.with_name("part.ms")
    with tables.table(str(ms), ack=False) as main, main.query("ANTENNA1 == 0") as some:
        some.copy(str(part)).close()
    with pytest.raises(MissingParts, match="rows of another table"):
        require_whole(part)
