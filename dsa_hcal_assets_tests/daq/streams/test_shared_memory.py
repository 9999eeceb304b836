"""Without shared memory, or without room in it, the error says what to do; disk does the same work."""

import errno

import pytest

from dsa_hcal_assets.daq.streams import ring_file
from dsa_hcal_assets.daq.streams.errors import NoSharedMemory, SharedMemoryFull
from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.streams.opening import StreamConfig, StreamPlace, open_reader, open_writer, sweep
from dsa_hcal_assets_tests.daq.streams.reading import drained


def test_no_shared_memory_is_told_with_its_remedies(tmp_path):
    place = StreamPlace(tmp_path / "run", memory_root=tmp_path / "no such place")
    with pytest.raises(NoSharedMemory, match='keep = "disk"'):
        open_writer(place, "p", StreamConfig())


@pytest.mark.parametrize(("shared_memory", "keep"), [(False, "memory"), (True, "disk")])
def test_streams_on_disk_need_no_shared_memory(tmp_path, shared_memory, keep):
    place = StreamPlace(tmp_path / "run", shared_memory=shared_memory, memory_root=tmp_path / "no such place")
    writer = open_writer(place, "p", StreamConfig(keep=keep, sync="each"), readers=["r"])
    writer.send("t", 1)

    assert drained(open_reader(place, "p", "r")) == [(1, 1)]


def test_full_shared_memory_is_told_before_anything_is_sent(memory_place, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ring_file.os, "posix_fallocate", no_room)
        with pytest.raises(SharedMemoryFull, match="smaller size"):
            open_writer(memory_place, "p", StreamConfig())

    left = [path for path in memory_directory(memory_place).rglob("*") if path.suffix in (".ring", ".part")]
    assert left == []
    assert open_writer(memory_place, "p", StreamConfig()).send("t", 1) == 1


def test_all_of_a_ring_is_taken_when_it_is_made(memory_place):
    open_writer(memory_place, "p", StreamConfig(size=1 << 20))
    (ring,) = memory_directory(memory_place).rglob("*.ring")

    assert ring.stat().st_blocks * 512 >= 1 << 20


def test_memory_of_a_supervisor_whose_directory_is_gone_is_given_back(memory_place, tmp_path):
    other = StreamPlace(tmp_path / "other")
    open_writer(other, "p", StreamConfig(size=65536)).close()
    (tmp_path / "other").rename(tmp_path / "moved away")

    sweep(memory_place)
    assert not memory_directory(other).exists()
