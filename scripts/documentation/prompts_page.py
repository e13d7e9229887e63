"""The page of prompts and resources, as a client sees them."""

from __future__ import annotations

from .recording import connected_session

__all__ = ["render_prompts"]


async def render_prompts() -> str:
    """List the prompts and resources of a server on the sandbox and give the page."""
    async with connected_session(toolsets=()) as session:
        prompts = (await session.client.list_prompts()).prompts
        resources = (await session.client.list_resources()).resources
        templates = (await session.client.list_resource_templates()).resource_templates
    lines = [
        "# Prompts and resources",
        "",
        "Prompts are requests that a host offers to its user, often as slash commands. Resources are texts"
        " and images that a host can attach to a conversation. This page is recorded from the server.",
        "",
        "## Prompts",
        "",
        "| prompt | title | does | arguments |",
        "| --- | --- | --- | --- |",
    ]
    for prompt in prompts:
        arguments = ", ".join(
            f"`{each.name}`{'' if each.required else ' (optional)'}" for each in prompt.arguments or ()
        )
        lines.append(f"| `{prompt.name}` | {prompt.title} | {prompt.description} | {arguments} |")
    lines += ["", "## Resources", "", "| address | title | contains |", "| --- | --- | --- |"]
    # The tool reference of each toolset is a resource of its own; the template stands for all of them.
    listed = [each for each in resources if not str(each.uri).startswith("docreview://tools/")]
    lines += [f"| `{each.uri}` | {each.title} | {each.description} |" for each in listed]
    lines += [f"| `{each.uri_template}` | {each.title} | {each.description} |" for each in templates]
    return "\n".join(lines) + "\n"
