"""Traces and metrics sent to a collector by OTLP over HTTP. Where it is, the standard variables say
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER` and so on).

Nothing is made global: spans that libraries would make by themselves, with names that callers choose, go
nowhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ...tools.observation import SeenCall, SeenRequest, Unobserved
from ..version import VERSION
from .instruments import INSTRUMENTS, Instrument

__all__ = ["OtlpMeter", "Tracing", "resource"]

_SCOPE = "docreview_mcp"
_CLOSING_SECONDS = 5.0
"""A collector that is down must not keep the server from ending."""


def resource() -> Resource:
    """What sends; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more."""
    own = Resource.create({"service.name": "docreview-mcp", "service.version": VERSION})
    return own.merge(OTELResourceDetector().detect())


class OtlpMeter:
    """Sends what was measured once a minute (`OTEL_METRIC_EXPORT_INTERVAL`)."""

    def __init__(self, of: Resource) -> None:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._provider = MeterProvider([reader], of, shutdown_on_exit=False)
        meter = self._provider.get_meter(_SCOPE, VERSION)
        self._metrics: dict[Instrument, Counter | Histogram] = {
            each: meter.create_histogram(
                each.name, each.unit, each.meaning, explicit_bucket_boundaries_advisory=each.buckets
            )
            if each.buckets
            else meter.create_counter(each.name, each.unit, each.meaning)
            for each in INSTRUMENTS
        }

    def add(self, instrument: Instrument, amount: float, labels: Sequence[str]) -> None:
        """Count so much more, or sort a size into its bucket."""
        metric = self._metrics[instrument]
        attributes = dict(zip(instrument.labels, labels, strict=True))
        if isinstance(metric, Counter):
            metric.add(amount, attributes)
        else:
            metric.record(amount, attributes)

    def close(self) -> None:
        """Send what is left."""
        _soon(self._provider.shutdown)


class Tracing(Unobserved):
    """A span for each call of a tool, and one inside it for each request to a service.

    Spans go on from the caller's. Nothing of the trace is passed on to the services.
    """

    def __init__(self, of: Resource) -> None:
        self._provider = TracerProvider(resource=of, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SCOPE, VERSION)

    @contextmanager
    def call(self, seen: SeenCall) -> Generator[None]:
        """A span named `tools/call` and the tool."""
        attributes = {
            "mcp.method.name": "tools/call",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": seen.tool,
        }
        with self._span(
            f"tools/call {seen.tool}", SpanKind.SERVER, attributes, _parent(seen.traceparent)
        ) as span:
            try:
                yield
            finally:
                # The tool that was called through `run_read_tool` is known only now.
                span.set_attribute("gen_ai.tool.name", seen.tool)
                span.update_name(f"tools/call {seen.tool}")
                if seen.outcome not in ("ok", "input_required"):
                    span.set_attribute("error.type", seen.outcome)
                    span.set_status(StatusCode.ERROR)

    @contextmanager
    def request(self, seen: SeenRequest) -> Generator[None]:
        """A span named as the method and the service."""
        attributes = {
            "http.request.method": seen.method,
            "docreview.service": seen.service,
            "docreview.operation": seen.tool,
        }
        with self._span(f"{seen.method} {seen.service}", SpanKind.CLIENT, attributes) as span:
            try:
                yield
            finally:
                span.set_attribute("http.request.body.size", seen.bytes_sent)
                if seen.status:
                    span.set_attribute("http.response.status_code", seen.status)
                    span.set_attribute("http.response.body.size", seen.bytes_received)
                if not seen.status or seen.status >= 400:
                    span.set_attribute("error.type", str(seen.status) if seen.status else "no_answer")
                    span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Send what is left."""
        _soon(self._provider.shutdown)

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, attributes: dict[str, str], parent: Context | None = None
    ) -> Generator[Span]:
        # Texts of exceptions may quote a document or an address.
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            yield span


def _parent(traceparent: str) -> Context | None:
    """The span of the caller. Its `tracestate` and baggage are left out: any text could be in them."""
    if not traceparent:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())


def _soon(shutdown: Callable[[], None]) -> None:
    """Run the shutdown of a provider, but do not wait for it for long."""
    thread = threading.Thread(target=shutdown, daemon=True)
    thread.start()
    thread.join(_CLOSING_SECONDS)
