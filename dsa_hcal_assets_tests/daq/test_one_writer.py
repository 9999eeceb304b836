"""One process at a time writes into a directory."""

import subprocess
import sys

import pytest

from dsa_hcal_assets.daq.durable_file import WriteFailed
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer

HOLD = """
import sys, time, pathlib
from dsa_hcal_assets.daq.one_writer import one_writer
with one_writer(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_refused_until_the_first_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SecondWriter, match="another process"), one_writer(tmp_path):
            pass
        holder.kill()
    with one_writer(tmp_path):
        pass


def test_it_is_released_at_the_end_of_the_block(tmp_path):
    for _ in range(2):
        with one_writer(tmp_path):
            pass


def test_a_directory_that_is_not_there_is_a_typed_error(tmp_path):
    with pytest.raises(WriteFailed), one_writer(tmp_path / "gone"):
        pass
