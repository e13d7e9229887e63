"""Starts what the settings ask for, and ends it. The libraries behind are imported only then."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..settings.settings import Settings
from ..settings.settings_error import SettingsError

if TYPE_CHECKING:
    from ...tools.observation import Observer

__all__ = ["telemetry"]


@contextmanager
def telemetry(
    settings: Settings, metrics: tuple[str, int] | None = None
) -> Generator[tuple[Observer | None, int]]:
    """Who watches a server with these settings, as long as it runs, and the port at which metrics are shown.

    `metrics` is the address for them; None where the server is not one that can be asked.

    Raises:
        SettingsError: the extra is not installed, the address cannot be had, or there is none.
    """
    observers: list[Observer] = []
    closing: list[Callable[[], None]] = []
    port = 0
    if settings.log_format == "json" or settings.log_level in ("DEBUG", "INFO"):
        from .call_log import CallLog

        observers.append(CallLog())
    try:
        if "otlp" in settings.telemetry:
            from .instruments import Measurements
            from .opentelemetry import OtlpMeter, Tracing, resource

            of = resource()
            tracing, meter = Tracing(of), OtlpMeter(of)
            observers += [tracing, Measurements(meter)]
            closing += [tracing.close, meter.close]
        if "prometheus" in settings.telemetry:
            if metrics is None:
                raise SettingsError(
                    "DOCREVIEW_TELEMETRY: prometheus works only with docreview-mcp http; over stdio, no"
                    " metrics address exists"
                )
            from .instruments import Measurements
            from .prometheus import PrometheusMeter

            scraped = PrometheusMeter()
            port = scraped.serve(*metrics)
            observers.append(Measurements(scraped))
            closing.append(scraped.close)
    except ImportError as error:
        raise SettingsError(
            f"DOCREVIEW_TELEMETRY: {error.name} is not installed; install docreview-mcp[telemetry]"
        ) from None
    except OSError as error:
        host, wanted = metrics or ("", 0)
        raise SettingsError(
            f"DOCREVIEW_METRICS_ADDRESS: cannot listen on {host}:{wanted} ({error.strerror})"
        ) from None
    try:
        yield _together(observers), port
    finally:
        for close in closing:
            close()


def _together(observers: Sequence[Observer]) -> Observer | None:
    if len(observers) < 2:
        return next(iter(observers), None)
    from ...tools.observation import Observers

    return Observers(observers)
