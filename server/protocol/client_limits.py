"""Which hosts are known to pass only so many tools on to their model: facts about others, as data.

The names are those that clients give of themselves; most stand in the public collection
https://github.com/apify/mcp-client-capabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLIENT_LIMITS", "ClientLimit", "limit_of"]


@dataclass(frozen=True, slots=True)
class ClientLimit:
    """A host, the names of its clients in lower case, the most tools that it takes, and who says so.

    `max_tools` counts the tools of all servers together.
    """

    host: str
    names: tuple[str, ...]
    max_tools: int
    source: str


CLIENT_LIMITS = (
    ClientLimit(
        "Cursor",
        ("cursor-vscode", "cursor"),
        40,
        "https://docs.cursor.com/context/model-context-protocol#tool-quantity",
    ),
    ClientLimit(
        "Windsurf",
        ("windsurf-client", "windsurf"),
        100,
        "https://docs.windsurf.com/windsurf/cascade/mcp",
    ),
    ClientLimit(
        "Antigravity",
        ("antigravity-client", "antigravity"),
        100,
        "https://github.com/homeassistant-ai/ha-mcp/issues/420",
    ),
    ClientLimit(
        "VS Code",
        ("visual studio code", "visual-studio-code"),
        128,
        "https://code.visualstudio.com/docs/copilot/agents/agent-tools",
    ),
)
"""The hosts with a known limit. Newer versions of some have lifted it; a short list does no harm there."""


def limit_of(client: str) -> ClientLimit | None:
    """The limit of a client by the name that it gives of itself; None where none is known.

    Bridges and editions add to the name: `cursor (via mcp-remote 0.1.18)`, `Visual Studio Code - Insiders`.
    """
    reported = client.strip().casefold()
    return next(
        (
            limit
            for limit in CLIENT_LIMITS
            if any(reported == name or reported.startswith((f"{name} ", f"{name}/")) for name in limit.names)
        ),
        None,
    )
