"""The header reader's child: answers in order, whatever the files are called and however it ends."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.ingest import child
from dsa_hcal_assets.radio.ingest.child import HeaderReaders
from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader, summarise
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets_tests.radio import uvh5_files


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = uvh5_files.observation(channels=2, integrations=1, antennas=2)
    return uvh5_files.write(made, tmp_path_factory.mktemp("sound") / "x.hdf5")


@pytest.fixture(scope="module")
def readers() -> Iterator[HeaderReaders]:
    readers = HeaderReaders()
    yield readers
    readers.close()


def test_nothing_to_read_starts_nothing(monkeypatch):
    monkeypatch.setattr(child.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    assert HeaderReaders().read([]) == []


def test_names_of_every_kind_reach_the_child_and_come_back(readers, sound, tmp_path):
    names = ["a b", 'quote"s', "line\nbreak", "größe", "\udcff\udcfe", "tab\t", "{}"]
    paths = [tmp_path / name for name in names]
    for path in paths[::2]:
        path.write_bytes(sound.read_bytes())
    for path in paths[1::2]:
        path.write_bytes(b"nothing")
    answers = readers.read(paths)
    assert [isinstance(answer, SubbandHeader) for answer in answers] == [True, False] * 3 + [True]
    assert all(
        answer.what.startswith(path.name) for path, answer in zip(paths[1::2], answers[1::2], strict=True)
    )


def test_errors_keep_their_class_and_all_they_say(readers, sound, tmp_path):
    import h5py

    lacking = tmp_path / "lacking.hdf5"
    lacking.write_bytes(sound.read_bytes())
    with h5py.File(lacking, "r+") as file:
        del file["Header/uvw_array"]
    cut = tmp_path / "cut.hdf5"
    cut.write_bytes(sound.read_bytes()[:4000])
    for path, kind in ((lacking, BadHeader), (cut, UnreadableSubband)):
        (answer,) = readers.read([path])
        with pytest.raises(kind) as direct:
            read_header(path)
        assert type(answer) is kind
        assert answer.as_record() == direct.value.as_record()


def test_a_file_that_vanished_before_it_is_read_is_an_answer(readers, sound, tmp_path):
    gone, header = readers.read([tmp_path / "gone.hdf5", sound])
    assert "No such file" in str(gone)
    assert isinstance(header, SubbandHeader)


def reader_pid(readers):
    return readers._kept._process.pid


def test_the_child_stays_between_calls_and_a_dead_one_is_replaced(readers, sound):
    readers.read([sound])
    first = reader_pid(readers)
    readers.read([sound, sound])
    assert reader_pid(readers) == first
    os.kill(first, signal.SIGKILL)
    answers = readers.read([sound, sound])
    assert all(isinstance(answer, SubbandHeader) for answer in answers)
    assert reader_pid(readers) != first


def test_a_backlog_is_shared_and_answered_in_order(readers, sound, tmp_path, monkeypatch):
    monkeypatch.setattr(child, "BACKLOG", 4)
    bad = tmp_path / "bad.hdf5"
    bad.write_bytes(b"nothing")
    paths = [sound, bad] * 6
    kinds = [isinstance(answer, SubbandHeader) for answer in readers.read(paths)]
    assert kinds == [True, False] * 6


def test_when_time_is_up_no_file_is_begun(readers, sound):
    assert readers.read([sound] * 3, until=time.monotonic() - 1) == []


def test_a_child_ends_with_its_readers(sound):
    readers = HeaderReaders()
    readers.read([sound])
    process = readers._kept._process
    readers.close()
    assert process.returncode == -signal.SIGKILL


CRASHES = """
import json, os, signal, sys, time
from pathlib import Path
from dsa_hcal_assets.radio.ingest import child, uvh5
real, read = uvh5.read_header, []
def read_header(path):
    read.append(path)
    if 'crash' in path.name: os.kill(os.getpid(), signal.SIGSEGV)
    if 'hang' in path.name: time.sleep(60)
    if 'tired' in path.name and len(read) > 1: os.kill(os.getpid(), signal.SIGKILL)
    return real(path)
uvh5.read_header = read_header
child._serve()
"""


def test_a_child_that_dies_or_hangs_costs_one_file(sound, tmp_path, monkeypatch):
    """The reader is replaced by one that crashes or hangs by name, or tires of what it read before."""
    script = tmp_path / "reader.py"
    script.write_text(CRASHES)
    monkeypatch.setattr(child, "COMMAND", (sys.executable, str(script)))
    monkeypatch.setattr(child, "START_SECONDS", 5.0)
    paths = [tmp_path / f"{name}.hdf5" for name in ("a", "crash", "hang", "b", "tired", "c")]
    for path in paths:
        path.write_bytes(sound.read_bytes())
    readers = HeaderReaders()
    answers = dict(zip([path.stem for path in paths], readers.read(paths, seconds_a_file=0.5), strict=True))
    readers.close()
    assert "ended with code -11" in str(answers.pop("crash"))
    assert "did not end within" in str(answers.pop("hang"))
    assert all(isinstance(answer, SubbandHeader) for answer in answers.values())


@settings(max_examples=8, deadline=None)
@given(
    antennas=st.integers(2, 5),
    integrations=st.integers(1, 4),
    channels=st.integers(2, 5),
    polarizations=st.sampled_from([("xx",), ("xx", "yy"), ("xx", "yy", "xy", "yx")]),
    kind=st.sampled_from(["driftscan", "unprojected", "sidereal"]),
    descending=st.booleans(),
)
def test_a_summary_tells_the_shape_of_any_file_and_survives_json(
    tmp_path_factory, antennas, integrations, channels, polarizations, kind, descending
):
    made = uvh5_files.observation(
        antennas=antennas,
        integrations=integrations,
        channels=channels,
        polarizations=polarizations,
        kind=kind,
        descending=descending,
    )
    path = uvh5_files.write(made, tmp_path_factory.mktemp("any") / "x.hdf5")
    found = summarise(read_header(path))
    assert found.rows == integrations * antennas * (antennas + 1) // 2
    assert (found.integrations, found.channels, found.antennas) == (integrations, channels, antennas)
    assert len(found.polarizations) == len(polarizations)
    assert (found.low_hz, found.high_hz) == (made.freq_array.min(), made.freq_array.max())
    assert found.phase_kind == {"driftscan": "drift", "unprojected": "zenith", "sidereal": "sidereal"}[kind]
    assert (found.first_jd, found.last_jd) == (made.time_array.min(), made.time_array.max())
    assert found.integration_s == pytest.approx(12.884901888)
    assert found.bytes == path.stat().st_size
    assert SubbandHeader.from_json(found.as_json()) == found
