"""The list of supplies: what it may say, and the words for what it may not."""

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.supplies.units import SLOTS, LvCrate, Meter, Mpod, read_units, write_units


def test_what_is_left_out_has_the_value_of_the_documentation(tmp_path):
    path = tmp_path / "supplies.toml"
    path.write_text(
        '[[mpod]]\nid = "m"\nhost = "10.0.0.1"\n[[lv_crate]]\nid = "l"\nhost = "10.0.0.2"\n'
        '[[meter]]\nid = "k"\nhost = "10.0.0.3"\nport = 4001\n'
    )
    mpod, crate, meter = read_units(path)
    assert (mpod.kind, mpod.port, mpod.community, mpod.every) == ("mpod", 161, "public", 1)
    assert (crate.kind, crate.port, crate.slots, crate.every) == ("lv_crate", 9760, SLOTS, 10)
    assert (meter.kind, meter.every, meter.board) == ("meter", 1, Board("k", "10.0.0.3", 4001))


def test_what_is_written_is_read(tmp_path):
    units = (
        Mpod(id="m", host="::1", port=1161, community="secret", every=2),
        LvCrate(id="l", host="lv.example.org", slots=(1, 3), every=5),
        Meter(id="k", host="10.0.0.3", port=4001),
    )
    write_units(tmp_path / "supplies.toml", units)
    assert read_units(tmp_path / "supplies.toml") == units


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "lists no supply"),
        ("mpod = 5", "mpod"),
        ('[[mpod]]\nid = "m"\n', "host"),
        ('[[meter]]\nid = "k"\nhost = "h"\n', "port"),
        ('[[mpod]]\nid = "m"\nhost = "h"\nport = 0\n', "port"),
        ('[[mpod]]\nid = "m"\nhost = "h"\nport = "161"\n', "port"),
        ('[[mpod]]\nid = "../m"\nhost = "h"\n', "id"),
        ('[[mpod]]\nid = "m"\nhost = "h h"\n', "host"),
        ('[[mpod]]\nid = "m"\nhost = "h"\nevery = 0\n', "every"),
        ('[[lv_crate]]\nid = "l"\nhost = "h"\nslots = []\n', "slots"),
        ('[[lv_crate]]\nid = "l"\nhost = "h"\nslots = [100]\n', "slots"),
        ('[[mpod]]\nid = "m"\nhost = "h"\nwrite_community = "guru"\n', "write_community"),
        ('[[toaster]]\nid = "m"\n', "toaster"),
        ('[[mpod]]\nid = "m"\nhost = "h"\n[[meter]]\nid = "m"\nhost = "h"\nport = 1\n', "id m appears 2"),
        ("[[mpod", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path, text, named):
    path = tmp_path / "supplies.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        read_units(path)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        read_units(tmp_path / "missing.toml")
