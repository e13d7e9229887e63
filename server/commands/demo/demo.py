"""The main job, shown: an agent's client reviews documents through a real server over stdio, on the sandbox.

Every step reads back what it claims. The demo ends with status 0 only if each step did what it says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import Implementation

from ...version import VERSION
from .story import POLICY, tell
from .transcript import DemoProblem, ReaderGone, Transcript

__all__ = ["run_demo"]

_FOR_REAL = (
    "To use your own account, set NANONETS_API_KEY, or STUDIO_EMAIL and STUDIO_PASSWORD, check them with"
    " docreview-mcp doctor, and add docreview-mcp to your host (README: Set up your host)."
)


def run_demo(pause: float = 0.0) -> int:
    """Run the demo with `pause` seconds before each call. Gives 0 if every step did what it says."""
    try:
        with TemporaryDirectory(prefix="docreview-demo-") as folder:
            policy = Path(folder) / "policy.toml"
            policy.write_text(POLICY, encoding="utf-8")
            anyio.run(_run, policy, max(0.0, pause))  # in this order also for nan
    except BaseExceptionGroup as group:
        problem = next(_problems(group), None)
        if problem is None:
            raise
        if not isinstance(problem, ReaderGone):
            sys.stderr.write(f"docreview-mcp demo: {problem}\n")
        return 1
    return 0


async def _run(policy: Path, pause: float) -> None:
    # A client passes on few variables, so that no setting of the user has an effect: the journal is the
    # sandbox's, in memory.
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "docreview_mcp.server", "stdio", "--sandbox"],
        env={"DOCREVIEW_POLICY": str(policy)},
    )
    async with Client(server, client_info=Implementation(name="demo", version=VERSION)) as client:
        transcript = Transcript(client, pause)
        transcript.step("A client starts docreview over stdio with the sandbox (sample data, no account)")
        tools = await client.list_tools()
        transcript.found(
            f"{len(tools.tools)} tools are listed; the user's policy: {' '.join(POLICY.split())}"
        )
        await tell(transcript)
        transcript.step(f"Done: {transcript.calls} tool calls, each of them verified")
        transcript.found(_FOR_REAL)


def _problems(group: BaseExceptionGroup[BaseException]) -> Iterator[DemoProblem]:
    for error in group.exceptions:
        if isinstance(error, DemoProblem):
            yield error
        if isinstance(error, BaseExceptionGroup):
            yield from _problems(cast("BaseExceptionGroup[BaseException]", error))
