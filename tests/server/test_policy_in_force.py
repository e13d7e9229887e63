"""The policy through the public door: what stands in the file holds for every way to a write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from conftest import Era, error_of, reviewing

LABEL = "studio_add_label"


def written(folder: Path, text: str) -> Path:
    """A policy file."""
    file = folder / "policy.toml"
    file.write_text(text)
    return file


async def test_no_more_writes_are_sent_than_allowed_and_the_preview_says_so(tmp_path: Path, era: Era) -> None:
    policy = written(tmp_path, "[session]\nmost_writes = 2\n")
    async with reviewing(era=era, policy=policy) as (client, sandbox):
        results: list[Any] = []

        async def add(name: str) -> None:
            results.append(await client.call_tool(LABEL, {"project_id": 3, "name": name}))

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(add, f"label {number}")
        assert sorted(result.is_error for result in results) == [False, False, True, True, True]
        posted = [each for each in sandbox.received if each.operation == "addLabel"]
        assert len(posted) == 2
        shown = await client.call_tool(
            "review_preview", {"tool": LABEL, "arguments": {"project_id": 3, "name": "one more"}}
        )
        assert "session.most_writes" in shown.structured_content["would_be_refused"]["message"]
        assert error_of(next(each for each in results if each.is_error))["code"] == "not_allowed"
