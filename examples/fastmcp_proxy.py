"""A FastMCP server of your own that offers docreview's tools beside one of its own."""

import asyncio

from fastmcp import Client, FastMCP
from fastmcp.server import create_proxy

company = FastMCP("company")


@company.tool
def cost_centre(supplier: str) -> str:
    """The cost centre that invoices of a supplier are booked on."""
    return {"Hartmann": "4711"}.get(supplier, "0001")


docreview = {"command": "docreview-mcp", "args": ["stdio", "--sandbox"]}
company.mount(create_proxy({"mcpServers": {"docreview": docreview}}), namespace="docreview")


async def main() -> None:
    async with Client(company) as client:
        names = [tool.name for tool in await client.list_tools()]
        print(f"{len(names)} tools, among them {names[0]}")
        queue = await client.call_tool("docreview_review_queue", {"kinds": ["document"], "limit": 1})
        print("Next:", queue.structured_content["entries"][0]["name"])


asyncio.run(main())
