"""The boards file: what is listed is polled, and every mistake in it is named."""

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import PORT, Board, read_boards, write_boards


def stored(directory, text):
    path = directory / "boards.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_is_read_back_in_order(tmp_path):
    boards = (Board("97", "10.20.34.97"), Board("80", "::1", 40123), Board("x-1", "rack.example.org", 1))
    write_boards(tmp_path / "boards.toml", boards)
    assert read_boards(tmp_path / "boards.toml") == boards


def test_writing_again_replaces_the_file(tmp_path):
    write_boards(tmp_path / "boards.toml", [Board("80", "a")])
    write_boards(tmp_path / "boards.toml", [Board("81", "b")])
    assert read_boards(tmp_path / "boards.toml") == (Board("81", "b"),)


def test_the_controllers_own_port_is_the_default(tmp_path):
    (board,) = read_boards(stored(tmp_path, '[[board]]\nid = "80"\nhost = "a"\n'))
    assert board.port == PORT == 9760


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no board"),
        ("board = []", "no board"),
        ("board = 3", "no board"),
        ("board = [3]", "board 1"),
        ("not toml", "cannot be read"),
        ('x = 1\n[[board]]\nid="80"\nhost="a"', "'x'"),
        ('[[board]]\nid="80"\nhost="a"\nprot=1', "'prot'"),
        ('[[board]]\nhost="a"', "id"),
        ('[[board]]\nid="80"', "host"),
        ('[[board]]\nid=80\nhost="a"', "id"),
        ('[[board]]\nid="80"\nhost="a; rm"', "host"),
        ('[[board]]\nid="../80"\nhost="a"', "id"),
        ('[[board]]\nid="80"\nhost="a"\nport=0', "port"),
        ('[[board]]\nid="80"\nhost="a"\nport=true', "port"),
        ('[[board]]\nid="80"\nhost="a"\n[[board]]\nid="80"\nhost="b"', "id 80 appears 2"),
        ('[[board]]\nid="80"\nhost="a"\n[[board]]\nid="81"\nhost="a"', "address a:9760 appears 2"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, named):
    with pytest.raises(ConfigurationError, match=named):
        read_boards(stored(tmp_path, text))


def test_a_missing_file_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        read_boards(tmp_path / "nowhere.toml")
