"""Spans reach a real OTLP/HTTP collector, which decodes them as collectors do; off by default."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from dsa_hcal_assets.observability.tracing import TRACE_TAG, parent_of, span
from dsa_hcal_assets.settings.observability import ObservabilitySettings
from dsa_hcal_assets_tests.observability.collector import Collector, attributes

RUN = "0a1b2c3d-0000-4000-8000-00000000beef"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def test_a_span_inside_another_is_its_part_and_both_arrive_when_the_outer_ends(collector):
    with span(collector.settings, "outer", dsa_hcal__stage="flags"), span(collector.settings, "inner"):
        pass
    outer, inner = collector.named("outer"), collector.named("inner")
    assert inner.trace_id == outer.trace_id
    assert inner.parent_span_id == outer.span_id
    assert outer.start_time_unix_nano <= inner.start_time_unix_nano <= inner.end_time_unix_nano
    assert attributes(outer) == {"dsa_hcal.stage": "flags"}
    assert collector.resources[0]["service.name"] == "dsa_hcal_assets"


def test_what_a_span_gives_is_a_parent_for_other_processes(collector):
    with span(collector.settings, "sensor") as parent:
        pass
    with span(collector.settings, "stage", parent=parent):
        pass
    assert collector.named("stage").trace_id == collector.named("sensor").trace_id
    assert collector.named("stage").parent_span_id == collector.named("sensor").span_id


def test_an_error_is_noted_and_passed_on(collector):
    with pytest.raises(ZeroDivisionError), span(collector.settings, "stage"):
        raise ZeroDivisionError("by nought")
    found = collector.named("stage")
    assert found.status.code == found.status.STATUS_CODE_ERROR
    assert {one.key: one.value.string_value for one in found.events[0].attributes}[
        "exception.message"
    ] == "by nought"


def test_a_process_that_is_forked_sends_its_own(collector):
    """As run workers are: forked from a host, ended without exit handlers."""
    script = f"""
import os
from dsa_hcal_assets.observability.tracing import span
from dsa_hcal_assets.settings.observability import ObservabilitySettings
settings = ObservabilitySettings(otlp_endpoint={collector.endpoint!r})
with span(settings, "host"):
    pass
child = os.fork()
if child == 0:
    with span(settings, "worker"):
        pass
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert collector.named("worker").trace_id != collector.named("host").trace_id


def test_a_collector_that_is_away_costs_nothing_but_its_spans():
    away = ObservabilitySettings(otlp_endpoint="http://127.0.0.1:9")
    with span(away, "stage") as parent:
        done = True
    assert done
    assert parent


def test_without_a_collector_there_is_no_span_and_no_import():
    script = """
import sys
from dsa_hcal_assets.observability.tracing import span
from dsa_hcal_assets.settings.observability import ObservabilitySettings
with span(ObservabilitySettings(), "stage") as parent:
    assert parent == ""
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_traces_that_cannot_be_made_are_refused_with_the_remedy():
    script = """
import sys
sys.modules["opentelemetry.sdk"] = None  # as where the extra is not installed
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.observability.tracing import span
from dsa_hcal_assets.settings.observability import ObservabilitySettings
try:
    with span(ObservabilitySettings(otlp_endpoint="http://127.0.0.1:9"), "stage"):
        raise SystemExit("it began")
except ConfigurationError as error:
    assert "install the extra `tracing`" in str(error), error
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_run_is_part_of_the_span_that_asked_for_it_else_of_a_trace_of_its_own():
    asked = "00-11111111111111111111111111111111-2222222222222222-01"
    assert parent_of({TRACE_TAG: asked}, RUN) == asked
    _, trace, parent, flags = parent_of({}, RUN).split("-")
    assert int(trace, 16) == UUID(RUN).int
    assert (len(parent), int(parent, 16) != 0, flags) == (16, True, "01")


@pytest.mark.parametrize("wrong", ["127.0.0.1:4318", "ftp://host", "http:///path"])
def test_an_endpoint_is_an_http_address(wrong):
    with pytest.raises(ValueError, match="otlp_endpoint"):
        ObservabilitySettings(otlp_endpoint=wrong)
