"""Run files of both formats hold the same; what is wrong with one has a name, nothing short is read."""

import json
import os
from datetime import UTC, datetime, timedelta

import h5py
import numpy as np
import pytest
import uproot

from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunFileMalformed, RunFileUnreadable
from dsa_hcal_assets.hcal.analysis_runs.run_file import open_run
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

AT = datetime(2026, 1, 2, tzinfo=UTC)


def simulated(**changes):
    fields = {
        "run_number": 900,
        "kind": "led",
        "started_at": AT,
        "events": 70,
        "samples": 12,
        "detectors": (1,),
    }
    return SimulatedRun(DetectorTruth(seed=1), **(fields | changes))


@pytest.mark.parametrize("form", ["hdf5", "root"])
@pytest.mark.parametrize("contents", ["waveforms", "amplitudes"])
def test_what_was_written_is_read(tmp_path, form, contents):
    run = simulated(contents=contents)
    events = np.concatenate(list(run.blocks()))
    with open_run(write_run(tmp_path, run, form)) as file:
        assert (file.header.run_number, file.header.kind, file.header.part) == (900, "led", 0)
        assert (file.header.started_at, file.header.ended_at) == (AT, AT + timedelta(seconds=7))
        assert (file.contents, file.events) == (contents, 70)
        assert file.tower_id.tolist() == list(range(1536, 3072))
        read = file.waveforms if contents == "waveforms" else file.amplitudes
        assert np.array_equal(read(0, 70), events)
        assert np.array_equal(read(63, 66), events[63:66])  # across a block's end
        light = run.light()
        assert np.array_equal(file.light.half_sector, light["half_sector"])
        assert np.array_equal(file.light.pindiode, light["pindiode"])
        assert np.array_equal(file.light.led_width, light["led_width"])


@pytest.mark.parametrize("form", ["hdf5", "root"])
def test_light_is_optional(tmp_path, form):
    with open_run(write_run(tmp_path, simulated(with_light=False), form)) as file:
        assert file.light is None


@pytest.mark.parametrize("form", ["hdf5", "root"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.98])
def test_a_file_cut_short_is_refused_and_never_read_as_short_data(tmp_path, form, share):
    path = write_run(tmp_path, simulated(), form)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(RunFileUnreadable), open_run(path) as file:
        file.waveforms(0, file.events)


@pytest.mark.parametrize("form", ["hdf5", "root"])
def test_bytes_that_are_something_else_are_refused(tmp_path, form):
    path = write_run(tmp_path, simulated(), form)
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(RunFileUnreadable, match="cannot be read as a run file"), open_run(path):
        pass


def test_damaged_baskets_of_a_root_file_are_told_when_they_are_read(tmp_path):
    path = write_run(tmp_path, simulated(), "root")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    with open_run(path) as file, pytest.raises(RunFileUnreadable):
        file.waveforms(0, file.events)


def test_a_name_that_vanished_is_no_fault_of_the_file(tmp_path):
    with pytest.raises(FileNotFoundError), open_run(tmp_path / "gone.h5"):
        pass


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "run.h5")
    with pytest.raises(RunFileUnreadable, match="not a regular file"), open_run(tmp_path / "run.h5"):
        pass


def _set(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def _replace(name, values):
    def change(file):
        del file[name]
        file[name] = values

    return change


TOWERS = np.arange(1536, dtype=np.uint16)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (_set("format", "dsa-hcal-run/9"), RunFileUnreadable, "this version reads"),
        (_set("kind", "cosmic"), RunFileMalformed, "kind of run"),
        (_set("run_number", -1), RunFileMalformed, "run number"),
        (_set("run_number", 2**40), RunFileMalformed, "run number"),
        (_set("started_at", "2026-01-02T00:00:00"), RunFileMalformed, "offset from UTC"),
        (_set("started_at", "yesterday"), RunFileUnreadable, "ValueError"),
        (_set("ended_at", "2025-01-02T00:00:00+00:00"), RunFileMalformed, "end before begin"),
        (_set("full_scale", 0), RunFileMalformed, "full scale"),
        (lambda file: file.attrs.__delitem__("run_number"), RunFileUnreadable, "run_number"),
        (lambda file: file.__delitem__("towerid"), RunFileUnreadable, "towerid"),
        (lambda file: file.__delitem__("waveforms"), RunFileMalformed, "either waveforms or amplitudes"),
        (_replace("detector", np.full(1536, 3, np.uint8)), RunFileMalformed, "does not have"),
        (_replace("towerid", TOWERS + 1), RunFileMalformed, "does not have"),
        (_replace("towerid", np.zeros(1536, np.uint16)), RunFileMalformed, "a tower twice"),
        (_replace("towerid", TOWERS.astype(float)), RunFileMalformed, "type of tower numbers"),
        (_replace("towerid", TOWERS[:7]), RunFileMalformed, "different length"),
        (_replace("waveforms", np.zeros((5, 7, 12), np.uint16)), RunFileMalformed, "towers of waveforms"),
        (_replace("waveforms", np.zeros((0, 1536, 12), np.uint16)), RunFileMalformed, "no event"),
        (_replace("waveforms", np.zeros((5, 1536, 2), np.float64)), RunFileMalformed, "type of waveforms"),
        (_replace("light/half_sector", np.zeros(64, int)), RunFileMalformed, "half-sectors"),
        (_replace("light/pindiode", np.zeros((3, 64, 4))), RunFileMalformed, "shape of pindiode"),
        (_replace("light/led_mask", np.zeros(3, int)), RunFileMalformed, "shape of led_mask"),
    ],
)
def test_what_contradicts_itself_or_the_detector_is_named(tmp_path, change, error, words):
    path = write_run(tmp_path, simulated())
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(error, match=words), open_run(path):
        pass


def test_dimensions_that_claim_the_impossible_cost_no_memory(tmp_path):
    path = write_run(tmp_path, simulated())
    with h5py.File(path, "r+") as file:
        del file["detector"], file["towerid"]
        for name in ("detector", "towerid"):
            file.create_dataset(name, shape=(2**31,), dtype=np.uint16, chunks=(1024,))
    with pytest.raises(RunFileUnreadable, match="detector has 2147483648 values"), open_run(path):
        pass


def test_a_header_that_is_no_object_is_refused(tmp_path):
    path = tmp_path / "run.root"
    with uproot.create(path) as file:
        file["header"] = json.dumps([1, 2])
    with pytest.raises(RunFileUnreadable, match="this version reads"), open_run(path):
        pass
