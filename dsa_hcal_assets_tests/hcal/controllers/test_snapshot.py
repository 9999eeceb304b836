"""The snapshot file: what is written is read back, and no damage passes for data."""

import hashlib
import json
import os
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import BadInput, InputConflict
from dsa_hcal_assets.hcal.controllers.readings import (
    LEDS,
    TOWERS,
    BoardReading,
    ChannelReading,
    Snapshot,
    unread,
)
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode, read_snapshot
from dsa_hcal_assets.hcal.snapshots.block_file import (
    SnapshotDamaged,
    SnapshotEmpty,
    SnapshotMalformed,
    SnapshotTrailerBad,
    SnapshotTruncated,
    SnapshotVersionUnknown,
)

CYCLE = datetime(2026, 11, 21, 1, 22, 33, 123456, tzinfo=UTC)
# hypothesis takes its bounds naive; four-digit years keep ISO texts sortable
OLDEST, LATEST = datetime(1000, 1, 2), datetime(9000, 1, 1)


def channel(number: int = 0) -> ChannelReading:
    towers = np.linspace(21.4, 23.2, TOWERS, dtype=np.float32)
    return ChannelReading(number, towers, towers / 1000, np.round(towers) * -40, 65.1, 6.4, -6.6, "normal")


def board(name: str, channels: int = 1) -> BoardReading:
    return BoardReading(name, "ok", CYCLE, None, tuple(channel(number) for number in range(channels)))


def snapshot(*boards: BoardReading) -> Snapshot:
    return Snapshot(CYCLE, 7, "acq-1", 4711, boards or (board("80"), board("81")))


def stored(directory: Path, data: bytes) -> Path:
    path = directory / "case.snap"
    path.write_bytes(data)
    return path


class TestRoundTrip:
    text = st.text(max_size=20)
    towers = st.lists(st.floats(width=32, allow_infinity=False), min_size=TOWERS, max_size=TOWERS).map(
        lambda values: np.array(values, dtype=np.float32)
    )
    leds = st.lists(st.floats(width=32, allow_infinity=False), min_size=LEDS, max_size=LEDS)
    volts = st.floats(allow_infinity=False)
    times = st.datetimes(
        min_value=OLDEST, max_value=LATEST, timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])
    )
    record = st.dictionaries(text, st.none() | st.booleans() | text, max_size=3)
    channels = st.builds(
        ChannelReading, st.integers(0, 7), towers, towers, towers, volts, volts, volts,
        st.sampled_from(["normal", "high", None]), st.dictionaries(text, record, max_size=2),
        st.none() | leds, st.none() | leds, st.none() | towers,
    )  # fmt: skip
    boards = st.builds(
        BoardReading, text, st.sampled_from(["ok", "partial", "down"]), st.none() | times, st.none() | record,
        st.lists(channels, max_size=2, unique_by=lambda one: one.channel).map(
            lambda found: tuple(sorted(found, key=lambda one: one.channel))
        ),
    )  # fmt: skip
    snapshots = st.builds(
        Snapshot, times, st.integers(0, 2**63 - 1), text, st.integers(-1, 2**31 - 1),
        st.lists(boards, max_size=3, unique_by=lambda one: one.board).map(tuple),
    )  # fmt: skip

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(snapshots)
    def test_any_snapshot_reads_back_as_it_was_written(self, tmp_path_factory, original):
        path = CONTROLLERS.write(tmp_path_factory.mktemp("round"), original)
        again = read_snapshot(path)
        assert again == original
        assert encode(again) == path.read_bytes()

    def test_unread_values_come_back_as_nan_of_float32(self, tmp_path):
        dead = BoardReading("93", "down", None, {"error": "BoardUnreachable"}, (ChannelReading(0),))
        reading = read_snapshot(CONTROLLERS.write(tmp_path, snapshot(dead))).boards[0].channels[0]
        assert reading.temperature.dtype == np.float32
        assert np.isnan(reading.temperature).all()
        assert np.isnan(reading.bias)
        assert reading.gain is None

    def test_the_file_is_strict_json_lines_without_nan(self, tmp_path):
        path = CONTROLLERS.write(
            tmp_path, snapshot(BoardReading("80", "down", None, None, (ChannelReading(0),)))
        )
        for line in path.read_text("ascii").splitlines():
            json.loads(line, parse_constant=lambda constant: pytest.fail(constant))

    def test_sixteen_full_boards_stay_small(self):
        full = snapshot(*(board(str(name), channels=8) for name in range(80, 96)))
        assert len(encode(full)) < 200_000


class TestFirstFormat:
    """Files written before LEDs and PIN diodes were polled."""

    WRITTEN = (
        b'{"format":"dsa-hcal-snapshot/1","cycle":"2026-11-21T01:22:33.123456+00:00","sequence":7,'
        b'"acquisition_id":"acq-1","run_number":4711,"boards":["80"]}\n'
        b'{"crc32":"%s","board":%s}\n'
    )
    BOARD = (
        b'{"board":"80","status":"ok","sampled_at":null,"error":null,"channels":[{"channel":0,"temperature":'
        b"[22.5,null,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,22.5,"
        b'22.5,22.5,22.5,22.5],"leakage":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"offset":[-150,-150,'
        b"-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,-150,"
        b'-150,-150],"bias":65.1,"lv_positive":6.4,"lv_negative":-6.6,"gain":"normal","errors":{}}]}'
    )

    def test_they_are_read_as_never_asked_for_leds(self, tmp_path):
        body = self.WRITTEN % (f"{zlib.crc32(self.BOARD):08x}".encode(), self.BOARD)
        trailer = f'{{"lines":2,"sha256":"{hashlib.sha256(body).hexdigest()}"}}\n'
        read = read_snapshot(stored(tmp_path, body + trailer.encode()))
        assert (read.cycle, read.sequence, read.run_number) == (CYCLE, 7, 4711)
        (channel,) = read.boards[0].channels
        assert channel.temperature[0] == 22.5
        assert np.isnan(channel.temperature[1])
        assert channel.bias == 65.1
        assert (channel.led_intensity, channel.pin_diode, channel.dac) == (None, None, None)


class TestName:
    def test_it_carries_the_cycle_in_utc(self):
        assert CONTROLLERS.file_name(CYCLE) == "hcal_20261121T012233.123456Z.snap"
        assert CONTROLLERS.file_name(
            CYCLE.astimezone(timezone(timedelta(hours=-5)))
        ) == CONTROLLERS.file_name(CYCLE)

    @given(st.lists(st.datetimes(min_value=OLDEST), min_size=2, max_size=5))
    def test_names_sort_as_the_cycles_do(self, times):
        cycles = [moment.replace(tzinfo=UTC) for moment in times]
        assert [CONTROLLERS.file_name(c) for c in sorted(cycles)] == sorted(
            CONTROLLERS.file_name(c) for c in cycles
        )


class TestWriting:
    def test_nothing_but_the_snapshot_is_left_in_the_directory(self, tmp_path):
        path = CONTROLLERS.write(tmp_path / "new" / "incoming", snapshot())
        assert list(path.parent.iterdir()) == [path]

    def test_the_same_snapshot_again_changes_nothing(self, tmp_path):
        first = CONTROLLERS.write(tmp_path, snapshot())
        inode = first.stat().st_ino
        assert CONTROLLERS.write(tmp_path, snapshot()).stat().st_ino == inode

    def test_another_snapshot_of_the_same_cycle_is_refused_and_the_first_kept(self, tmp_path):
        path = CONTROLLERS.write(tmp_path, snapshot())
        before = path.read_bytes()
        with pytest.raises(InputConflict, match="other content"):
            CONTROLLERS.write(tmp_path, snapshot(board("97")))
        assert path.read_bytes() == before


class TestDamage:
    def test_truncation_at_every_byte_is_detected(self, tmp_path):
        data = encode(snapshot(BoardReading("80", "ok", CYCLE, None, (ChannelReading(0, bias=65.1),))))
        for length in range(1, len(data)):
            with pytest.raises(SnapshotTruncated):
                read_snapshot(stored(tmp_path, data[:length]))

    def test_a_flip_of_any_byte_is_detected(self, tmp_path):
        data = encode(snapshot(BoardReading("80", "ok", CYCLE, None, (ChannelReading(0, bias=65.1),))))
        for position in range(len(data)):
            damaged = bytearray(data)
            damaged[position] ^= 0x04
            with pytest.raises(BadInput):
                read_snapshot(stored(tmp_path, bytes(damaged)))

    def test_a_damaged_block_is_named_and_its_neighbour_is_not(self, tmp_path):
        data = encode(snapshot(board("80"), board("81"), board("82")))
        lines = data.split(b"\n")
        lines[2] = lines[2].replace(b"21.4", b"91.4", 1)
        with pytest.raises(SnapshotDamaged) as caught:
            read_snapshot(stored(tmp_path, b"\n".join(lines)))
        assert caught.value.blocks == ("81",)

    def test_a_missing_block_in_the_middle_is_damage(self, tmp_path):
        lines = encode(snapshot()).split(b"\n")
        del lines[1]
        with pytest.raises(SnapshotDamaged):
            read_snapshot(stored(tmp_path, b"\n".join(lines)))

    def test_a_trailer_of_another_file_is_refused(self, tmp_path):
        lines = encode(snapshot()).split(b"\n")
        lines[-2] = encode(snapshot(board("80"), board("82"))).split(b"\n")[-2]
        with pytest.raises(SnapshotTrailerBad):
            read_snapshot(stored(tmp_path, b"\n".join(lines)))

    def test_an_unreadable_trailer_is_not_taken_for_truncation(self, tmp_path):
        lines = encode(snapshot()).split(b"\n")
        lines[-2] = b"#" * len(lines[-2])
        with pytest.raises(SnapshotTrailerBad):
            read_snapshot(stored(tmp_path, b"\n".join(lines)))

    def test_a_second_snapshot_appended_is_refused(self, tmp_path):
        with pytest.raises(BadInput):
            read_snapshot(stored(tmp_path, encode(snapshot()) * 2))

    def test_a_zero_byte_file_is_named_as_such(self, tmp_path):
        with pytest.raises(SnapshotEmpty):
            read_snapshot(stored(tmp_path, b""))

    @pytest.mark.parametrize(
        "content", [b"\n", b"time,temp\n1,2\n", b"\x89HDF\r\n", b'{"format":"x/1"}\n', b"\0" * 9]
    )
    def test_other_files_are_not_snapshots(self, tmp_path, content):
        with pytest.raises(SnapshotVersionUnknown):
            read_snapshot(stored(tmp_path, content))

    def test_a_later_format_version_is_refused_with_a_remedy(self, tmp_path):
        data = encode(snapshot()).replace(b"dsa-hcal-snapshot/2", b"dsa-hcal-snapshot/3")
        with pytest.raises(SnapshotVersionUnknown, match="upgrade"):
            read_snapshot(stored(tmp_path, data))

    def test_a_fifo_does_not_block_the_reader(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.snap")
        with pytest.raises(SnapshotVersionUnknown, match="regular"):
            read_snapshot(tmp_path / "pipe.snap")


class TestFaultyWriter:
    """Content that no checksum refuses, because whoever wrote it checksummed nonsense."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("channel", 8), ("channel", True), ("temperature", [1.0] * 23), ("temperature", [1e39] * 24),
            ("leakage", None), ("offset", ["1"] * 24), ("bias", "65"), ("gain", "low"), ("errors", []),
            ("led_intensity", [1900] * 4), ("pin_diode", [1e39] * 5), ("pin_diode", "dark"), ("dac", [1] * 5),
        ],
    )  # fmt: skip
    def test_it_is_refused(self, tmp_path, monkeypatch, name, value):
        from dsa_hcal_assets.hcal.controllers import snapshot_json

        honest = snapshot_json._channel
        monkeypatch.setattr(snapshot_json, "_channel", lambda reading: honest(reading) | {name: value})
        data = encode(snapshot())
        with pytest.raises(SnapshotMalformed):
            read_snapshot(stored(tmp_path, data))


class TestReadings:
    def test_arrays_are_float32_and_cannot_be_changed(self):
        reading = ChannelReading(3, temperature=[20] * TOWERS)
        assert reading.temperature.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            reading.temperature[0] = 1

    def test_nan_equals_nan_between_readings(self):
        assert ChannelReading(0) == ChannelReading(0, unread())
        assert ChannelReading(0) != ChannelReading(0, bias=65.0)

    def test_not_asked_for_is_not_the_same_as_not_read(self):
        unanswered = ChannelReading(0, pin_diode=[np.nan] * LEDS)
        assert unanswered == ChannelReading(0, pin_diode=[np.nan] * LEDS)
        assert unanswered != ChannelReading(0)

    def test_a_naive_cycle_is_refused(self):
        with pytest.raises(ValueError, match="naive"):
            Snapshot(OLDEST, 0, "a", -1, ())

    @pytest.mark.parametrize(("sequence", "run_number"), [(-1, 0), (2**63, 0), (0, -2), (0, 2**31)])
    def test_numbers_the_database_cannot_hold_are_refused(self, sequence, run_number):
        with pytest.raises(ValueError, match=r"run number|sequence"):
            Snapshot(CYCLE, sequence, "a", run_number, ())

    def test_a_board_appears_once(self):
        with pytest.raises(ValueError, match="once"):
            snapshot(board("80"), board("80"))
