"""The snapshot file of registers explains itself, and nonsense in it is malformed."""

import json
from dataclasses import replace

import pytest

from dsa_hcal_assets.hcal.registers.readings import BoardRegisters
from dsa_hcal_assets.hcal.registers.snapshot import FORMAT, REGISTERS, read_snapshot
from dsa_hcal_assets.hcal.snapshots.block_file import SnapshotMalformed, encode_blocks
from dsa_hcal_assets_tests.hcal.registers.described import RAW, SILENT, START, snapshot, table


def test_a_file_gives_back_what_was_read_and_the_table_it_was_read_by(tmp_path):
    one = snapshot(
        0,
        BoardRegisters("adc00", "adc", START, RAW, {"firmware": SILENT}),
        BoardRegisters("psu00", "psu", None, {}, {"status": SILENT}),
        tables=(table(), table("psu", "modbus")),
    )
    back = read_snapshot(REGISTERS.write(tmp_path, one))
    assert (back.boards, back.tables, back.cycle) == (one.boards, one.tables, one.cycle)
    assert [board.status for board in back.boards] == ["partial", "down"]


def test_values_and_fields_follow_from_the_table():
    one = snapshot()
    values = {value.name: (value.raw, value.value, value.ok) for value in one.boards[0].values(table())}
    assert values == {
        "status": (0b1011, 11.0, None),
        "status.locked": (1, 1.0, True),
        "status.link": (0b101, 5.0, None),
        "temperature": (0x0180, 24.0, True),
        "triggers": (4_000_000_000, 4e9, None),
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda header, block: block.update(raw={"status": 65536}),
        lambda header, block: block.update(raw={"status": -1}),
        lambda header, block: block.update(raw={"status": 1.5}),
        lambda header, block: block.update(raw={"other": 1}),
        lambda header, block: block.update(errors={"status": SILENT}),
        lambda header, block: block.update(kind="psu"),
        lambda header, block: header.update(tables=[]),
        lambda header, block: header.update(tables=header["tables"] * 2),
        lambda header, block: header["tables"][0].update(register=[]),
    ],
)
def test_a_faulty_writers_file_is_malformed(tmp_path, change):
    path = REGISTERS.write(tmp_path, snapshot())
    header, block, _ = (json.loads(line) for line in path.read_bytes().splitlines())
    del header["format"]
    change(header, block["board"])
    path.write_bytes(encode_blocks(FORMAT, header, [block["board"]]))
    with pytest.raises(SnapshotMalformed):
        read_snapshot(path)


def test_a_board_is_in_a_snapshot_once():
    one = snapshot()
    with pytest.raises(ValueError, match="each id once"):
        replace(one, boards=one.boards * 2)
