"""The jobs that make messages by themselves send what their files say."""

import numpy as np
import pytest

from dsa_hcal_assets.daq.jobs.files import BadFile
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.digitizer import Digitizer
from dsa_hcal_assets.daq.shipped.random_source import RandomSource
from dsa_hcal_assets.daq.shipped.simulated_digitizer import SimulatedDigitizer
from dsa_hcal_assets.daq.shipped.synthetic_check import SyntheticCheck, WrongBlock
from dsa_hcal_assets.daq.shipped.synthetic_load import SyntheticLoad
from dsa_hcal_assets.daq.shipped.system_health import SystemHealth


class TestRandomSource:
    def test_the_numbers_are_those_of_the_distribution_and_of_the_seed(self, make_job, sent):
        job = make_job(RandomSource, channels=2, rows=20_000, mean=5.0, sigma=0.5, seed=3)
        job.setup()
        job.step()

        (message,) = sent()
        table = decode(message)
        values = np.stack([table["value_0"].to_numpy(), table["value_1"].to_numpy()])
        assert message.kind is Kind.ARROW
        np.testing.assert_array_equal(values, np.random.default_rng(3).normal(5.0, 0.5, (2, 20_000)))

    @pytest.mark.parametrize(("rows", "value"), [(1, float), (2, list)])
    def test_json_has_a_number_or_a_list_for_each_channel(self, make_job, sent, rows, value):
        job = make_job(RandomSource, rows=rows, format="json")
        job.setup()
        job.step()

        assert isinstance(decode(sent()[0])["value_0"], value)


def test_system_health_is_a_row_of_numbers(make_job, sent, tmp_path):
    job = make_job(SystemHealth, paths=[str(tmp_path)])
    job.setup()
    job.step()

    (message,) = sent()
    row = decode(message)
    assert message.topic == "system.health"
    assert row[f"disk_total_bytes.{tmp_path}"] > 0
    assert all(isinstance(value, int | float) for value in row.values())


class TestSyntheticLoad:
    @pytest.mark.parametrize("loan", [False, True])
    def test_blocks_are_numbered_and_proved_by_the_check(self, make_job, sent, clock, loan):
        job = make_job(SyntheticLoad, clock=clock, size=1000, rate=10, loan=loan)
        job.setup()
        clock.now += 0.55
        job.step()
        messages = sent()

        assert [int(decode_number(message)) for message in messages] == [0, 1, 2, 3, 4]
        assert job.metrics.record().counters.routes[0].traffic.bytes == 5000
        check = make_job(SyntheticCheck, id="check", count=5)
        check.setup()
        check.receive_kept(messages)
        assert check.finished

    def test_it_keeps_the_rate_over_many_steps_and_does_not_make_up_for_a_pause(self, make_job, sent, clock):
        job = make_job(SyntheticLoad, clock=clock, size=8, rate=100)
        job.setup()
        for _ in range(200):
            clock.now += 0.0025
            job.step()
        steady = len(sent())
        clock.now += 3600
        job.step()

        assert steady == pytest.approx(50, abs=1)
        assert len(sent()) == 100

    def test_it_ends_after_its_count(self, make_job, clock):
        job = make_job(SyntheticLoad, clock=clock, size=8, rate=1000, count=3)
        job.setup()
        clock.now += 1
        job.step()

        assert job.finished
        assert job.metrics.record().counters.routes[0].traffic.messages == 3

    @pytest.mark.parametrize("damage", ["a byte", "a hole"])
    def test_the_check_finds_a_wrong_byte_and_a_missing_block(self, make_job, sent, clock, damage):
        job = make_job(SyntheticLoad, clock=clock, size=100, rate=10)
        job.setup()
        clock.now += 0.35
        job.step()
        messages = sent()
        if damage == "a hole":
            del messages[1]
        else:
            changed = bytearray(messages[1].payload)
            changed[50] ^= 1
            messages[1] = with_payload(messages[1], changed)
        check = make_job(SyntheticCheck, id="check")
        check.setup()

        with pytest.raises(WrongBlock, match=r"message [23] of job"):
            check.receive_kept(messages)


BOARD = {"channels": 4, "samples": 128, "rate_hz": 1e6, "memory_blocks": 5, "seed": 2}


class TestDigitizer:
    def test_blocks_arrive_as_arrays_with_the_boards_own_numbers(self, make_job, sent):
        job = make_job(Digitizer, options=BOARD, burst=3)
        job.setup()
        job.step()

        board = SimulatedDigitizer(**BOARD)
        messages = sent()
        assert len(messages) == 3
        for message in messages:
            np.testing.assert_array_equal(decode(message), board.block(message.attributes["block"]))
            assert message.attributes["sample_rate_hz"] == 125e6

    def test_what_the_board_lost_is_said_with_each_block(self, make_job, sent):
        job = make_job(Digitizer, options=BOARD, burst=50)
        job.setup()
        job.step()

        for message in sent():
            # every trigger is either sent or counted: nothing is missing without being said
            assert message.attributes["block"] == message.sequence - 1 + message.attributes["overflows"]

    def test_a_driver_that_fails_is_closed_and_its_error_goes_on(self, make_job):
        job = make_job(Digitizer, driver=f"{__name__}:BrokenBoard")
        job.setup()
        with pytest.raises(RuntimeError, match="cable"):
            job.step()
        job.teardown()

        assert job._driver.closed


class BrokenBoard(SimulatedDigitizer):
    closed = False

    def read_into(self, buffer):
        raise RuntimeError("the cable is out")

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ("kind", "keys", "key"),
    [
        (RandomSource, {"sigma": -1}, "sigma"),
        (RandomSource, {"rows": 0}, "rows"),
        (SyntheticLoad, {"rate": 0}, "rate"),
        (SyntheticLoad, {"size": 4}, "size"),
        (Digitizer, {"burst": 0}, "burst"),
        (SystemHealth, {"path": ["/"]}, "path"),
    ],
)
def test_mistakes_in_a_file_are_named_by_key(make_job, kind, keys, key):
    with pytest.raises(BadFile) as error:
        make_job(kind, **keys)

    assert [problem.key for problem in error.value.problems] == [key]


def decode_number(message):
    return np.frombuffer(message.payload[:8], "<i8")[0]


def with_payload(message, payload):
    return Message(
        message.topic, message.producer, message.epoch, message.sequence, message.time_ns, message.kind,
        memoryview(payload), message.attributes,
    )  # fmt: skip
