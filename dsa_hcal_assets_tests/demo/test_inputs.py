"""The demo's data land like anybody's: whole, under their final names, in incoming."""

from datetime import timedelta

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.demo import inputs
from dsa_hcal_assets.demo.inputs import RIG_ROWS, drop_rig
from dsa_hcal_assets.rig.readings import read_file


def test_the_rig_delivers_half_of_yesterday(tmp_path):
    day = drop_rig(tmp_path)
    assert day == day_key(utc_now() - timedelta(days=1))
    (path,) = (tmp_path / "rig").iterdir()
    raw = read_file(path)
    assert list(raw.days) == [day]
    assert len(raw.frame) == RIG_ROWS


def test_files_are_made_elsewhere_and_appear_by_rename(tmp_path):
    made = inputs._made(tmp_path / "scratch" / "vla") / "a_sb00.hdf5"
    made.write_text("whole")
    inode = made.stat().st_ino
    inputs._drop([made], tmp_path / "incoming" / "uvh5")
    landed = tmp_path / "incoming" / "uvh5" / "a_sb00.hdf5"
    assert landed.stat().st_ino == inode
    assert not made.exists()
