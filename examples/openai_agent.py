"""OpenAI Agents SDK."""

import asyncio
import os

from agents import Agent, Runner
from agents.mcp import MCPServerStdio

QUESTION = "Which document should I review next, and how many of its values are doubtful?"


async def main() -> None:
    docreview = MCPServerStdio(
        params={"command": "docreview-mcp", "args": ["stdio", "--sandbox"]}, client_session_timeout_seconds=60
    )
    async with docreview:
        agent = Agent(
            name="reviewer",
            instructions="You review documents with the tools of docreview.",
            model=os.environ.get("MODEL", "gpt-5-mini"),
            mcp_servers=[docreview],
        )
        result = await Runner.run(agent, QUESTION)
        print(result.final_output)


asyncio.run(main())
