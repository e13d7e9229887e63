"""Run the soak and report: `python -m bench.soak`. Exits 1 if something happened that may never happen."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from statistics import quantiles
from types import FrameType
from urllib.request import urlopen

import click

from .clients import Load
from .deployment import Deployment, MissingError, running_deployment
from .faults import Fault, carry_out, schedule
from .replica import ReplicaError
from .verdict import Check, Evidence, Remembered, checks, journal_entries, verify_journal

_PRINCIPALS = 50
_PAUSE_SECONDS = 1.0
_MAX_FAULTS = 5


@click.command()
@click.option("--seconds", default=600.0, show_default=True, help="How long clients call.")
@click.option("--clients", default=200, show_default=True, help="Clients at once; fewer on a small machine.")
@click.option("--pause", default=_PAUSE_SECONDS, show_default=True, help="Seconds between calls of a client.")
@click.option("--writes", default=0.5, show_default=True, help="The share of writes.")
@click.option("--calm", is_flag=True, help="No faults: for speed.")
def main(seconds: float, clients: int, pause: float, writes: float, calm: bool) -> None:
    """Two servers behind nginx, with Redis and PostgreSQL, under load and with faults."""
    signal.signal(signal.SIGTERM, _interrupt)
    began = os.getloadavg()[0]
    try:
        with running_deployment(min(_PRINCIPALS, clients)) as deployment:
            load = Load(deployment.balancer.address, deployment.callers.each, clients, pause, writes)
            evidence = asyncio.run(_soak(deployment, load, seconds, [] if calm else schedule(seconds)))
            found = checks(evidence)
            logged = "\n".join(replica.logged for replica in deployment.replicas)
    except (MissingError, ReplicaError) as fault:
        click.echo(f"soak: {fault}", err=True)
        sys.exit(2)
    _report(evidence, found, f"{clients} clients, {os.cpu_count()} cores, load {began:.1f} before")
    if any(each.wrong for each in found):
        click.echo(f"\nThe end of what the servers logged:\n{logged[-3000:]}")
        sys.exit(1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that everything that was started ends too."""
    raise KeyboardInterrupt


async def _soak(
    deployment: Deployment, load: Load, seconds: float, planned: Sequence[tuple[float, str]]
) -> Evidence:
    await asyncio.gather(*(replica.start() for replica in deployment.replicas))
    deployment.issuer.show_next_key()
    deployment.balancer.start(deployment.replicas)
    happened: list[Fault] = []
    memory: list[int] = []
    calling = asyncio.create_task(load.run())
    watching = asyncio.create_task(_watch(deployment, memory))
    until = time.monotonic() + seconds
    await carry_out(deployment, load, seconds, planned, happened)
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    load.stop()
    await calling
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    remembered = await asyncio.to_thread(_remembered, deployment.service)
    # Servers write at their end what the journal could not take while it was away.
    for replica in deployment.replicas:
        replica.terminate()
    ended = await asyncio.gather(*(replica.ended(60) for replica in deployment.replicas))
    if ended != [0, 0]:
        failure = f"the last SIGTERM: exit statuses {ended}"
        happened.append(Fault("SIGTERM", time.monotonic(), run_seconds=seconds, failure=failure))
    chain, chain_fault = verify_journal(deployment.environment)
    entries = journal_entries(deployment.environment)
    return Evidence(load, seconds, happened, len(planned), remembered, entries, chain, chain_fault, memory)


async def _watch(deployment: Deployment, memory: list[int]) -> None:
    """Note each second what the server that lives on takes."""
    while True:
        await asyncio.sleep(1)
        memory.append(deployment.steady.memory_bytes)


def _remembered(service: str) -> Remembered:
    with urlopen(f"{service}/remembered") as response:
        remembered = json.load(response)
    return Remembered([(name, account) for name, account in remembered["writes"]], remembered["cookies"])


def _report(evidence: Evidence, found: list[Check], about: str) -> None:
    calls = evidence.load.calls
    click.echo(f"{evidence.seconds:.0f} s with {about}; {len(calls) / evidence.seconds:.0f} calls/s")
    for kind, is_write in (("reads", False), ("writes", True)):
        took = [each.ended - each.began for each in calls if each.ended and each.is_write == is_write]
        if len(took) > 1:
            cuts = quantiles(took, n=100)
            click.echo(f"{kind}: median {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, longest {max(took):.2f} s")
    outcomes = Counter(each.outcome for each in calls)
    click.echo("outcomes: " + ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes.items()))
    click.echo(
        "faults: "
        + ", ".join(f"{n} × {kind}" for kind, n in Counter(f.kind for f in evidence.faults).items())
    )
    for check in found:
        click.echo(f"{'WRONG' if check.wrong else 'ok':5} {check.label}: {check.found}")
        for line in check.wrong[:_MAX_FAULTS]:
            click.echo(f"        {line}")
        if len(check.wrong) > _MAX_FAULTS:
            click.echo(f"        and {len(check.wrong) - _MAX_FAULTS} more")


if __name__ == "__main__":
    main()
