"""docreview inside a Python program: the server and an MCP client in one process, on the sandbox."""

import asyncio
from typing import Any

from docreview_mcp.server import Settings, build_server
from mcp import Client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured result of a tool; an error has a code, and says what did and did not happen."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise RuntimeError(result.structured_content["error"]["message"])
    return result.structured_content


async def main() -> None:
    async with Client(build_server(Settings(sandbox=True, confirm="never"))) as client:
        queue = await call(client, "review_queue", kinds=["document"], order="least_confident", limit=1)
        first = queue["entries"][0]
        document = {"workflow_id": first["workflow_id"], "document_id": first["document_id"]}

        read = await call(client, "review_document", **document, show="doubtful")
        doubtful = read["fields"][0]
        print(f"{first['name']}: {read['counts']['doubtful']} doubtful, {doubtful['name']} first")

        change = {
            "document_id": document["document_id"],
            "field_data_id": doubtful["field_data_id"],
            "value": "PO-2041",
            "expected_value": doubtful["value"],
            "verification_status": "verified",
        }
        await call(client, "review_apply", workflow_id=document["workflow_id"], changes=[change])
        read = await call(client, "review_document", **document, show="doubtful")
        print(f"corrected and verified: {read['counts']['doubtful']} doubtful")

        history = await call(client, "review_history")
        entries = [entry["entry"] for entry in history["entries"]]
        await call(client, "review_undo", entries=entries)
        print(f"undone: {len(entries)} changes")


asyncio.run(main())
