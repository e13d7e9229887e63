"""What this server costs in a host: tools, tokens, names, and which list `auto` takes there."""

from __future__ import annotations

from ..protocol.client_limits import limit_of
from ..protocol.surface import Surfaces
from ..settings.settings import Settings
from .hosts import Host

__all__ = ["cost_lines"]

_MANY_TOKENS = 20_000


def cost_lines(host: Host, settings: Settings) -> list[str]:
    """What a person should know before the server is added, a line each.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file has a fault.
    """
    surface = Surfaces(settings).for_client(host.client)
    if not surface.chosen:
        return ["no tool is listed with these settings"]
    tokens = sum(tool.characters for tool in surface.chosen) // 4
    longest = max(surface.chosen, key=lambda tool: len(tool.name)).name
    limit = limit_of(host.client)
    lines = [
        f"{len(surface.chosen)} tools, about {tokens:,} tokens if {host.title} loads all of them"
        f" (list: {surface.name}; {surface.why})",
        f"the longest tool name uses {len(host.prefix + longest)} of {host.max_name} allowed characters"
        f" ({host.prefix}{longest})",
    ]
    if limit is not None and len(surface.chosen) > limit.max_tools:
        lines.append(
            f"{host.title} allows {limit.max_tools} tools across all servers; choose --surface auto or core"
        )
    if tokens > _MANY_TOKENS:
        lines.append("if that is too much, list fewer with --toolsets or --surface core")
    too_long = [tool.name for tool in surface.chosen if len(host.prefix + tool.name) > host.max_name]
    if too_long:
        lines.append(f"{host.title} drops tools whose names are too long: {', '.join(too_long)}")
    return lines
