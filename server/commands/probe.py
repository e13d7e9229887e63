"""Ask the real services which uncertain addresses they answer, and print a report without values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from ...tools.untrusted import one_line
from ..logs import set_up_logging
from ..probe.probing import Probe, probe
from ..probe.report import has_faults, lines_of
from ..services.upstream import Services, secrets_known
from ..settings.settings import Settings
from ..version import VERSION

if TYPE_CHECKING:
    import httpx2

__all__ = ["print_probe"]


def print_probe(settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> int:
    """Print what was found. Gives 1 if the credentials are missing or a read found no address, else 0."""
    set_up_logging(settings.log_level, secrets_known(settings))
    if not settings.with_credentials:
        click.echo(
            "No credentials are set for either service, so nothing was sent. Set them first.", err=True
        )
        return 1
    if settings.sandbox and transport is None:
        from ..services.sandbox_transport import embedded

        settings, transport = embedded(settings)
    found = anyio.run(partial(_probe, settings, transport))
    for line in lines_of(found, VERSION):
        click.echo(one_line(line))
    return 1 if has_faults(found) else 0


async def _probe(settings: Settings, transport: httpx2.AsyncBaseTransport | None) -> Probe:
    services = Services(settings, transport)
    try:
        return await probe(services.own, settings.with_credentials)
    finally:
        await services.close()
