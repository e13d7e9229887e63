"""Which tools a server lists and which may be called, for its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ...schemas import Operation, load_operations, load_own_operations
from ...tools import NOTHING_SENT, Policy, Tool, ToolFailure, load_tools
from ...tools.guards.guard import not_allowed
from ...tools.surface.tool import called_with
from ..settings import Settings

__all__ = ["Surface"]


@dataclass(frozen=True, slots=True)
class Surface:
    """The tools of a server: `every` one, those listed (`chosen`), and those that may be called.

    The latter, directly or through others, are `offered` in the order of lists, and `reached` by name.
    """

    settings: Settings
    policy: Policy
    every: Mapping[str, Tool]
    chosen: tuple[Tool, ...]
    offered: tuple[Tool, ...]
    reached: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Surface:
        """The tools for these settings and the policy that they name.

        Raises:
            SelectionError: a toolset or tool of the settings does not exist.
            SettingsError: the policy file has a fault.
        """
        policy = settings.read_policy()
        every = {tool.name: tool for tool in load_tools()}
        selection = settings.selection
        chosen = selection.choose(every.values())
        reached = selection.reach(every.values())
        listed, offered = (
            tuple(tool for tool in tools if not policy.tool_refusal(tool.name, tool.toolset))
            for tools in (chosen, reached)
        )
        return cls(settings, policy, every, listed, offered, frozenset(tool.name for tool in offered))

    @property
    def listed(self) -> frozenset[str]:
        """The names of the tools that a host is told of."""
        return frozenset(tool.name for tool in self.chosen)

    def operation(self, tool: Tool) -> Operation:
        """The operation that a tool calls."""
        operations = load_own_operations() if tool.service == "docreview" else load_operations()
        return operations[tool.operation]

    def find(self, name: str) -> Operation:
        """The operation of a tool that may be called, directly or through another one.

        Raises:
            ToolFailure: there is no such tool, or the settings or the policy do not let it be called.
        """
        tool = self.every.get(name)
        if tool is None:
            near = get_close_matches(name, self.every, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "find_tools or the tool list name those that there are."
            )
            raise ToolFailure(
                "invalid_arguments",
                f"tool: got {name!r}, there is no such tool; {hint}",
                happened=NOTHING_SENT,
                next_step="Call again with the name of a tool that exists.",
            )
        if name not in self.reached:
            raise self.hidden(tool)
        return self.operation(tool)

    def hidden(self, tool: Tool) -> ToolFailure:
        """Why a tool that exists cannot be called here."""
        if tool.name in self.reached:
            return ToolFailure(
                "not_allowed",
                f"{tool.name} is not in the compact tool list.",
                happened=NOTHING_SENT,
                next_step=f"Call it through {called_with(tool)}, with the same arguments under arguments.",
            )
        if reason := self.policy.tool_refusal(tool.name, tool.toolset):
            return not_allowed(self.operation(tool), reason)
        return ToolFailure(
            "not_allowed",
            f"{tool.name} is not offered: {self.why_not_offered(tool)}.",
            happened=NOTHING_SENT,
            next_step="Use another tool, or the user changes the setting and restarts the server.",
        )

    def why_not_offered(self, tool: Tool) -> str:
        """What keeps a tool from being called here: a rule of the policy, or a setting, which it names."""
        refusal = self.policy.tool_refusal(tool.name, tool.toolset)
        return refusal or self.settings.selection.reason_for_hiding(tool)
