"""Google Agent Development Kit, with a model behind the OpenAI API by way of LiteLLM."""

import asyncio
import os

from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from google.genai import types
from mcp import StdioServerParameters

QUESTION = "Which document should I review next, and how many of its values are doubtful?"


async def main() -> None:
    server = StdioServerParameters(command="docreview-mcp", args=["stdio", "--sandbox"])
    docreview = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=60))
    agent = LlmAgent(
        name="reviewer",
        model=LiteLlm(f"openai/{os.environ.get('MODEL', 'gpt-5-mini')}"),
        instruction="You review documents with the tools of docreview.",
        tools=[docreview],
    )
    runner = InMemoryRunner(agent, app_name="review")
    session = await runner.session_service.create_session(app_name="review", user_id="reviewer")
    message = types.Content(role="user", parts=[types.Part(text=QUESTION)])
    async for event in runner.run_async(user_id="reviewer", session_id=session.id, new_message=message):
        if event.is_final_response() and event.content and event.content.parts:
            print(event.content.parts[0].text)
    await docreview.close()


asyncio.run(main())
