"""The list of controllers: what is read, what is refused."""

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.emcal.controllers import Controller, read_controllers, write_controllers


def read(tmp_path, text):
    path = tmp_path / "controllers.toml"
    path.write_text(text)
    return read_controllers(path)


def test_what_is_written_is_read(tmp_path):
    controllers = (
        Controller(id="S08", host="10.20.34.42"),
        Controller(id="S09-3", host="10.20.34.43", port=9761, channels=[3]),
    )
    write_controllers(tmp_path / "controllers.toml", controllers)
    assert read_controllers(tmp_path / "controllers.toml") == controllers


def test_port_and_channels_need_not_be_named(tmp_path):
    [controller] = read(tmp_path, '[[controller]]\nid = "S08"\nhost = "a"\n')
    assert (controller.port, controller.channels) == (9760, [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "controller"),
        ("[[controller", "cannot be read"),
        ('[[controller]]\nid = "S08"\n', "host"),
        ('[[controller]]\nid = "S08"\nhost = "a"\nsector = 8\n', "sector"),
        ('[[controller]]\nid = "S 08"\nhost = "a"\n', "id"),
        ('[[controller]]\nid = "S08"\nhost = "a"\nport = 0\n', "port"),
        ('[[controller]]\nid = "S08"\nhost = "a"\nchannels = [6]\n', "0-5"),
        ('[[controller]]\nid = "S08"\nhost = "a"\nchannels = [1, 0]\n', "in order"),
        ('[[controller]]\nid = "S08"\nhost = "a"\nchannels = []\n', "channels"),
        ('[[controller]]\nid = "S08"\nhost = "a"\n' * 2, "S08 appears 2 times"),
        ('[[controller]]\nid = "A"\nhost = "a"\n[[controller]]\nid = "B"\nhost = "a"\n', "a:9760 appears"),
    ],
)
def test_a_list_that_is_wrong_names_the_key(tmp_path, text, says):
    with pytest.raises(ConfigurationError, match=says):
        read(tmp_path, text)
