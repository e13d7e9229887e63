"""Microsoft Agent Framework."""

import asyncio
import os

from agent_framework import MCPStdioTool
from agent_framework.openai import OpenAIChatCompletionClient

QUESTION = "Which document should I review next, and how many of its values are doubtful?"


async def main() -> None:
    model = OpenAIChatCompletionClient(model=os.environ.get("MODEL", "gpt-5-mini"))
    docreview = MCPStdioTool(name="docreview", command="docreview-mcp", args=["stdio", "--sandbox"])
    async with docreview:
        agent = model.as_agent(instructions="You review documents with docreview.", tools=[docreview])
        print(await agent.run(QUESTION))


asyncio.run(main())
