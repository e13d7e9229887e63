"""LangChain and LangGraph: one docreview process for the whole run, so that codes and undo stay together."""

import asyncio
import os

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

DOCREVIEW = {"transport": "stdio", "command": "docreview-mcp", "args": ["stdio", "--sandbox"]}
QUESTION = "Which document should I review next, and how many of its values are doubtful?"


async def main() -> None:
    client = MultiServerMCPClient({"docreview": DOCREVIEW})
    # client.get_tools() would start a process for each call.
    async with client.session("docreview") as session:
        tools = await load_mcp_tools(session)
        agent = create_agent(f"openai:{os.environ.get('MODEL', 'gpt-5-mini')}", tools)
        result = await agent.ainvoke({"messages": [{"role": "user", "content": QUESTION}]})
        print(result["messages"][-1].text)


asyncio.run(main())
