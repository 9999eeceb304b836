"""Spans of runs for an OpenTelemetry collector, where the settings name one.

Without one nothing of OpenTelemetry is imported. Processes here are forked and end without exit handlers,
so each makes its own exporter when it needs one, and sends what it has when an outermost span ends. A
collector that is away costs `SEND_SECONDS` then and nothing else.
"""

import functools
import importlib.metadata
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings.observability import ObservabilitySettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

TRACE_TAG = "dsa_hcal/traceparent"
"""Tag of a run that holds the span that asked for it, as W3C trace context writes it."""
SEND_SECONDS = 2.0
_PACKAGE = "dsa_hcal_assets"


def parent_of(tags: Mapping[str, str], run_id: str) -> str:
    """Return the span that the stages of a run are part of: the one that asked for it.

    A run that no sensor asked for has none; its stages still share a trace, whose number is the run's.
    """
    whole = UUID(run_id).int
    return tags.get(TRACE_TAG) or f"00-{whole:032x}-{whole & (2**64 - 1):016x}-01"


@contextmanager
def span(
    settings: ObservabilitySettings, name: str, *, parent: str = "", **attributes: str | float
) -> Iterator[str]:
    """Trace the body as one span; what it raises is noted on the span and passed on.

    Parameters
    ----------
    settings
        Where spans go, if anywhere.
    name
        What is done.
    parent
        Span this one is part of (W3C trace context); by default the one around it, if any.
    attributes
        Facts about it; ``a__b`` becomes ``a.b``.

    Yields
    ------
    str
        The span as a parent of others, in other processes too; empty when there is no collector.

    Raises
    ------
    ConfigurationError
        If a collector is set and OpenTelemetry is not installed.
    """
    if settings.otlp_endpoint is None:
        yield ""
        return
    provider = _provider(settings.otlp_endpoint, os.getpid())
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    outermost = not trace.get_current_span().get_span_context().is_valid
    around = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    try:
        with provider.get_tracer(_PACKAGE).start_as_current_span(name, around, attributes=named):
            carrier: dict[str, str] = {}
            TraceContextTextMapPropagator().inject(carrier)
            yield carrier["traceparent"]
    finally:
        if outermost:
            provider.force_flush(round(SEND_SECONDS * 1000))


@functools.cache
def _provider(endpoint: str, process: int) -> "TracerProvider":  # noqa: ARG001 - one a process: threads do not fork
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigurationError(
            "traces are asked for, but OpenTelemetry is not installed",
            found=str(error),
            remedy="install the extra `tracing`, or unset DSA_HCAL_OBSERVABILITY__OTLP_ENDPOINT",
        ) from error
    version = importlib.metadata.version(_PACKAGE)
    resource = Resource.create({"service.name": _PACKAGE, "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
