"""Other processes that write into a journal.

`journal_writer.py URL write COUNT PROCESSES` opens and closes so many entries in each of so many processes at
once; `journal_writer.py URL wait UNTIL...` opens an entry for each time, says so and waits to be killed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

import anyio
import docreview_mcp.server.journal.sqlite_store  # noqa: F401 - once for all processes
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening


async def write(url: str, count: int) -> None:
    journal = open_journal(Settings(journal=url, timeout=30), tuple)
    assert journal is not None
    for turn in range(count):
        number = await journal.open(Opening("a_tool", {"turn": turn}, ("all",), f"{turn}", Caller()))
        await journal.close(number, Closing("done", answer={"turn": turn}))
    journal.stop()


async def wait(url: str, times: Sequence[str]) -> None:
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    for until in times:
        await journal.open(Opening("a_tool", {}, (), until, Caller(), until=until))
    sys.stdout.write("opened\n")
    sys.stdout.flush()
    time.sleep(60)  # noqa: ASYNC251 - killed here


def in_processes(count: int, work: Callable[[], None]) -> bool:
    """Whether the work was done by so many processes at once."""
    children: list[int] = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            try:
                work()
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    return not any(statuses)


url, task, *rest = sys.argv[1:]
if task == "wait":
    anyio.run(wait, url, rest)
else:
    sys.exit(not in_processes(int(rest[1]), lambda: anyio.run(write, url, int(rest[0]))))
