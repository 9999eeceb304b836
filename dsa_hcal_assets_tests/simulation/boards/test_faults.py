"""Faults as text and as a file, and a running rack that follows the file."""

import asyncio

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.simulation.boards.faults import Faults, parse_fault, read_faults
from dsa_hcal_assets.simulation.boards.rack import Rack


@pytest.mark.parametrize(
    ("text", "board", "faults"),
    [
        ("83=down", "83", Faults(down=True)),
        ("91=latency_ms:200,echo", "91", Faults(latency_ms=200, echo=True)),
        ("91= extra_values:-1", "91", Faults(extra_values=-1)),
        ("80=line_end:crlf", "80", Faults(line_end="crlf")),
    ],
)
def test_faults_from_text(text, board, faults):
    assert parse_fault(text) == (board, faults)


@pytest.mark.parametrize("text", ["83", "83=", "83=dwon", "83=latency_ms:fast", "83=latency_ms:-1"])
def test_a_mistake_in_the_text_is_named(text):
    with pytest.raises(ConfigurationError, match="83"):
        parse_fault(text)


def test_faults_from_a_file(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text("[83]\ndown = true\n[91]\nlatency_ms = 200\nchannels = [3]\n")
    assert read_faults(path) == {
        "83": Faults(down=True),
        "91": Faults(latency_ms=200, channels=frozenset({3})),
    }


def test_no_file_means_no_faults(tmp_path):
    assert read_faults(tmp_path / "faults.toml") == {}


@pytest.mark.parametrize("text", ["[83]\ndwon = true\n", "83 = 3\n", "[83\n"])
def test_a_mistake_in_the_file_is_named(tmp_path, text):
    (tmp_path / "faults.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"faults\.toml"):
        read_faults(tmp_path / "faults.toml")


def test_faults_on_one_channel_leave_the_others_healthy():
    faults = Faults(nan=True, channels=frozenset({2}))
    assert faults.on(2).nan
    assert faults.on(3) == Faults()


def test_a_board_that_is_not_simulated_is_refused():
    with pytest.raises(ConfigurationError, match="'79'"):
        Rack(boards=["80"], faults={"79": Faults()})


def test_a_running_rack_follows_the_file_and_survives_mistakes_in_it(tmp_path):
    path = tmp_path / "faults.toml"

    async def follow():
        rack = Rack(boards=["80"])
        await rack.start()
        following = asyncio.create_task(rack.follow_faults(path, every=0.01))
        seen = []
        for text in ("[80]\nmute = true\n", "[80\n", "[79]\nmute = true\n", "[80]\ndown = true\n", ""):
            path.write_text(text)
            await asyncio.sleep(0.1)
            seen.append((rack.servers["80"].faults.mute, rack.servers["80"].faults.down))
        following.cancel()
        await rack.stop()
        return seen

    assert asyncio.run(follow()) == [(True, False)] * 3 + [(False, True), (False, False)]
