"""Pydantic AI."""

import asyncio
import os

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset, StdioTransport

QUESTION = "Which document should I review next, and how many of its values are doubtful?"


async def main() -> None:
    server = StdioTransport(command="docreview-mcp", args=["stdio", "--sandbox"])
    # On a busy machine, the five seconds that it waits by default may be too short.
    docreview = MCPToolset(server, init_timeout=60)
    agent = Agent(f"openai-chat:{os.environ.get('MODEL', 'gpt-5-mini')}", toolsets=[docreview])
    async with agent:
        result = await agent.run(QUESTION)
        print(result.output)


asyncio.run(main())
