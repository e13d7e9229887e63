"""An undo of several entries that stops in between: what was done, what was not, and how it goes on."""

from __future__ import annotations

from typing import Any

import anyio
from approval_desk import place_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from mcp.types import ElicitResult
from review_desk import field_of, invoices

YESTERDAY = "2020-01-01"


async def test_the_time_in_which_a_person_thinks_does_not_count() -> None:
    """The era with handshake, in which a person is asked within the call."""
    questions: list[str] = []

    async def agree(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        await anyio.sleep(20)
        return ElicitResult(action="accept", content={"confirm": True})

    sandbox = Sandbox(clock=anyio.current_time)
    document = invoices(sandbox)[2]
    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://", timeout=10), sandbox)
    async with Client(
        build_server(behind, transport=transport), mode="legacy", elicitation_callback=agree
    ) as client:
        for name in ("total_amount", "vendor_name"):
            given = {**place_of(document), "field_data_id": field_of(document, name).id, "value": "1"}
            done = await client.call_tool("nanonets_update_field", given)
            assert not done.is_error, done.structured_content
        questions.clear()
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
    assert len(questions) == 1
    assert len(told["undone"]) == 2
    assert "not_tried" not in told
