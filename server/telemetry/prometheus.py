"""Metrics to be fetched by Prometheus, at an address of their own: it is not for those who call tools."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from ..version import VERSION
from .instruments import INSTRUMENTS, Instrument

__all__ = ["PrometheusMeter"]


class PrometheusMeter:
    """Keeps what was measured, and shows it at `/metrics` once `serve` was called."""

    def __init__(self) -> None:
        # A second series for each, which says when it began.
        disable_created_metrics()
        registry = CollectorRegistry()
        self._registry = registry
        self._metrics: dict[Instrument, Counter | Histogram] = {
            each: Histogram(each.name, each.meaning, each.labels, buckets=each.buckets, registry=registry)
            if each.buckets
            else Counter(each.name, each.meaning, each.labels, registry=registry)
            for each in INSTRUMENTS
        }
        ProcessCollector(registry=registry)
        Gauge("docreview_build", "The version that runs.", ["version"], registry=registry).labels(
            VERSION
        ).set(1)
        self._stop = _nothing

    def add(self, instrument: Instrument, amount: float, labels: Sequence[str]) -> None:
        """Count so much more, or sort a size into its bucket."""
        metric = self._metrics[instrument].labels(*labels)
        if isinstance(metric, Counter):
            metric.inc(amount)
        else:
            metric.observe(amount)

    def serve(self, host: str, port: int) -> int:
        """Show the metrics at this address, from a thread of their own. Gives the port; 0 takes a free one.

        Raises:
            OSError: the address or port cannot be had.
        """
        server, thread = start_http_server(port, host, registry=self._registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        self._stop = stop
        return server.server_port

    def close(self) -> None:
        """Stop showing them."""
        self._stop()


def _nothing() -> None:
    """Nothing was started."""
