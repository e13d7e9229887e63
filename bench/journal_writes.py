"""How many writes a second a journal in PostgreSQL carries for two servers, and how long one takes.

`python -m bench.journal_writes [SECONDS] [WRITERS]` starts a PostgreSQL that waits for the disk, and two
processes with half of the writers each. A write is what each write of an agent asks of the journal: the look
for an unclear one like it, the opening with the look for duplicates, and the closing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

_REPLICAS = 2
_TESTS = Path(__file__).parents[1] / "tests" / "support"


async def _write(url: str, seconds: float, writers: int) -> list[float]:
    """The seconds that each write took."""
    from docreview_mcp.server.journal.store import open_journal
    from docreview_mcp.server.settings.settings import Settings
    from docreview_mcp.tools.journal.entries import Caller, Closing, LookFirst, Opening

    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    numbers, took = count(), list[float]()
    until = time.monotonic() + seconds
    look = LookFirst(lambda view: None, at_call=True)

    async def write_on() -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            name = f"{id(took)} {began} {next(numbers)}"
            await journal.unclear(name)
            opening = Opening("studio_add_label", {"project_id": 1, "name": name}, ("1",), name, Caller())
            entry = await journal.open(opening, look)
            await journal.close(entry, Closing("done", 201, answer={"id": 7}))
            took.append(time.monotonic() - began)

    await asyncio.gather(*(write_on() for _ in range(writers)))
    journal.stop()
    return took


def measure(seconds: float = 8.0, writers: int = 100) -> str:
    """One line with what was measured; why nothing was, where PostgreSQL is not installed."""
    import pytest

    sys.path.insert(0, str(_TESTS))
    from postgresql import migrate, running_cluster

    try:
        with running_cluster(waits_for_disk=True) as cluster:
            migrate(cluster.url)
            command = [sys.executable, "-m", "bench.journal_writes", "--into", cluster.url]
            options = [str(seconds), str(writers // _REPLICAS)]
            replicas = [
                subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
                for _ in range(_REPLICAS)
            ]
            took = sorted(each for replica in replicas for each in json.loads(replica.communicate()[0]))
    except pytest.skip.Exception as skipped:
        return f"The journal in PostgreSQL was not measured: {skipped.msg}."
    median, late = took[len(took) // 2], took[int(len(took) * 0.99)]
    return (
        f"The journal in PostgreSQL with fsync, {_REPLICAS} servers, {writers} writers:"
        f" {len(took) / seconds:.0f} writes/s, median {median:.2f} s, p99 {late:.2f} s."
    )


def _main(arguments: list[str]) -> None:
    if arguments[:1] == ["--into"]:
        url, seconds, writers = arguments[1:]
        json.dump(asyncio.run(_write(url, float(seconds), int(writers))), sys.stdout)
    else:
        seconds, writers = [*arguments, *("8", "100")[len(arguments) :]]
        sys.stdout.write(f"{measure(float(seconds), int(writers))}\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
