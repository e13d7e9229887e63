"""LlamaIndex. Its client starts a process for each call; the journal keeps codes and undo together."""

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai_like import OpenAILike
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

QUESTION = "Which document should I review next, and how many of its values are doubtful?"
TOOLS = ["review_queue", "review_document"]


async def main() -> None:
    client = BasicMCPClient("docreview-mcp", args=["stdio", "--sandbox"], timeout=60)
    tools = await McpToolSpec(client=client, allowed_tools=TOOLS).to_tool_list_async()
    model = OpenAILike(
        model=os.environ.get("MODEL", "gpt-5-mini"),
        api_base=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        api_key=os.environ["OPENAI_API_KEY"],
        is_chat_model=True,
        is_function_calling_model=True,
    )
    agent = FunctionAgent(tools=tools, llm=model)
    print(await agent.run(QUESTION))


asyncio.run(main())
