"""The MCP side: handlers, instructions, prompts, resources, elicitation."""
