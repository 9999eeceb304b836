import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.workers.sockets import LONGEST_ADDRESS, make_private, socket_path


def test_a_socket_lives_in_the_state_directory(tmp_path: Path):
    assert socket_path(tmp_path, "casa") == tmp_path / "sockets" / "casa.sock"
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


def test_a_state_directory_too_deep_for_an_address_gets_a_short_one(tmp_path: Path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    path = socket_path(deep, "casa")
    assert len(str(path)) <= LONGEST_ADDRESS
    assert path == socket_path(deep, "casa") != socket_path(deep.parent / "f", "casa")
    with socket.socket(socket.AF_UNIX) as listener:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.unlink()


@given(st.text("äbc/d.", max_size=120))
def test_no_address_is_too_long(name: str):
    import tempfile

    with tempfile.TemporaryDirectory() as base:
        path = (
            socket_path(Path(base) / name.replace("..", "").strip("/"), "host") if len(name) < 100 else None
        )
        assert path is None or len(str(path).encode()) <= LONGEST_ADDRESS


def test_a_directory_open_to_others_is_closed(tmp_path: Path):
    (tmp_path / "d").mkdir(mode=0o755)
    make_private(tmp_path / "d")
    assert (tmp_path / "d").stat().st_mode & 0o077 == 0


def test_a_link_in_the_place_of_the_directory_is_refused(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        make_private(tmp_path / "link")
