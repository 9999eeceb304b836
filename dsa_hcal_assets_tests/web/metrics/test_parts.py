"""Parts of the metrics are read once for all who ask, not too often, and never shown when not known."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.web.metrics.parts import Part, Parts


class Source:
    """A part that counts how often it is read, on a clock that the test turns."""

    def __init__(self):
        self.reads, self.error, self.now = 0, None, 1000.0

    def read(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        yield catalogue.DATABASE_BYTES.one(self.reads)


def nothing():
    return ()


def found(parts):
    registry = CollectorRegistry(auto_describe=False)
    registry.register(parts)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


@pytest.fixture
def source():
    return Source()


def test_an_answer_is_good_for_its_time(source):
    parts = Parts(Part("database", nothing, 5), [Part("a", source.read, 10)], clock=lambda: source.now)
    assert found(parts)["dsa_hcal_database_size_bytes",] == 1
    source.now += 9
    assert found(parts)["dsa_hcal_database_size_bytes",] == 1
    source.now += 1
    assert found(parts)["dsa_hcal_database_size_bytes",] == 2


def test_a_crowd_causes_one_reading():
    entered, go = threading.Event(), threading.Event()
    reads = []

    def read():
        reads.append(1)
        entered.set()
        assert go.wait(30)
        yield catalogue.DATABASE_BYTES.one(7)

    parts = Parts(Part("database", nothing, 5), [Part("a", read, 60)])
    with ThreadPoolExecutor(8) as crowd:
        first = crowd.submit(found, parts)
        assert entered.wait(30)
        others = [crowd.submit(found, parts) for _ in range(7)]
        go.set()
        answers = [one.result(30)["dsa_hcal_database_size_bytes",] for one in [first, *others]]
    assert (answers, len(reads)) == ([7] * 8, 1)


@pytest.mark.parametrize("error", [OSError("no such directory"), ValueError("not what it was")], ids=str)
def test_a_part_that_fails_costs_only_itself(source, error):
    source.error = error
    parts = Parts(
        Part("database", nothing, 5),
        [Part("broken", source.read, 5, asks_database=False), Part("whole", Source().read, 5)],
    )
    answer = found(parts)
    assert answer["dsa_hcal_collector_up", "broken"] == 0
    assert answer["dsa_hcal_collector_up", "whole"] == 1
    assert answer["dsa_hcal_database_size_bytes",] == 1


def test_while_the_database_is_away_its_parts_are_neither_asked_nor_shown_from_memory(source):
    probe = Source()
    parts = Parts(Part("database", probe.read, 0), [Part("a", source.read, 3600)], clock=lambda: source.now)
    assert found(parts)["dsa_hcal_database_up",] == 1
    probe.error = DatabaseUnavailable("it is away")
    answer = found(parts)
    assert answer["dsa_hcal_database_up",] == 0
    assert answer["dsa_hcal_collector_up", "a"] == 0
    assert ("dsa_hcal_database_size_bytes",) not in answer
    assert source.reads == 1
    probe.error = None
    assert found(parts)["dsa_hcal_database_up",] == 1
    assert source.reads == 2
