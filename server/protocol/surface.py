"""Which tools a server lists and which may be called, for its settings and the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from ...schemas import Operation, load_operations, load_own_operations
from ...tools import NOTHING_SENT, Policy, Selection, SurfaceName, Tool, ToolFailure, load_tools
from ...tools.guards.guard import not_allowed
from ...tools.policy.policies import Policies
from ...tools.surface.former_names import current_tool
from ...tools.surface.tool import called_with
from ..settings import Settings
from .client_limits import CLIENT_LIMITS, limit_of

__all__ = ["Surface", "Surfaces"]

_MAX_COMBINATIONS = 64
"""Combinations of groups whose lists are kept."""


@dataclass(frozen=True, slots=True)
class Surface:
    """The tools of a server: `every` one, those listed (`chosen`), and those that may be called.

    The latter, directly or through others, are `offered` in the order of lists, and `reached` by name.
    `why` says in a few words why the list is the full, the core or the lean one.
    """

    settings: Settings
    selection: Selection
    why: str
    policy: Policy
    every: Mapping[str, Tool]
    chosen: tuple[Tool, ...]
    offered: tuple[Tool, ...]
    reached: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, policy: Policy, name: SurfaceName, why: str) -> Surface:
        """The tools for these settings and the policy that they name, listed as `name` says.

        Raises:
            SelectionError: a toolset or tool of the settings does not exist.
        """
        every = {tool.name: tool for tool in load_tools()}
        selection = replace(settings.selection, surface=name)
        chosen = selection.choose(every.values())
        reached = selection.reach(every.values())
        listed, offered = (
            tuple(tool for tool in tools if not policy.tool_refusal(tool.name, tool.toolset))
            for tools in (chosen, reached)
        )
        names = frozenset(tool.name for tool in offered)
        return cls(settings, selection, why, policy, every, listed, offered, names)

    @property
    def name(self) -> SurfaceName:
        """Which of the lists this is."""
        return self.selection.surface

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
        name = current_tool(name)
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
                f"{tool.name} is not in the {self.name} tool list.",
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
        return refusal or self.selection.reason_for_hiding(tool)


class Surfaces:
    """The lists that a server with these settings gives to its clients, each made when it is first needed.

    The policies are those of the settings unless they have been read already; `groups` are those of the
    callers, as far as the policies have sections for them.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file has a fault.
    """

    def __init__(
        self, settings: Settings, policies: Policies | None = None, groups: frozenset[str] = frozenset()
    ) -> None:
        self._settings = settings
        self._policies = settings.read_policy() if policies is None else policies
        self._groups = groups
        self._policy = self._policies.of(groups)
        self._for_groups: dict[frozenset[str], Surfaces] = {}
        chosen = settings.selection.surface
        why = "no limit of the client is known" if settings.surface == "auto" else "set by the user"
        self.usual = Surface.of(settings, self._policy, chosen, why)

    @property
    def depend_on_client(self) -> bool:
        """Whether some client that is known is told of other tools than the rest."""
        return self._settings.surface == "auto" and any(
            limit.max_tools < len(self.usual.chosen) for limit in CLIENT_LIMITS
        )

    def for_client(self, client: str) -> Surface:
        """The list for a client by the name that it gives of itself, which may be empty.

        Where the settings leave it to the client, it is the full one unless the client is known to take fewer
        tools than that has.
        """
        limit = limit_of(client) if self._settings.surface == "auto" else None
        if limit is None:
            return self.usual
        why = f"{limit.host} takes at most {limit.max_tools} tools"
        if limit.max_tools < len(self.usual.chosen):
            return replace(self._core, why=why)
        return replace(self.usual, why=why)

    def for_groups(self, groups: frozenset[str]) -> Surfaces:
        """The lists for callers in these groups, the same for all that the policy does not tell apart."""
        named = self._policies.named(groups)
        if named == self._groups:
            return self
        if named not in self._for_groups:
            if len(self._for_groups) >= _MAX_COMBINATIONS:
                del self._for_groups[next(iter(self._for_groups))]
            self._for_groups[named] = Surfaces(self._settings, self._policies, named)
        return self._for_groups[named]

    @cached_property
    def for_reading(self) -> Surfaces:
        """The lists for callers who may change nothing."""
        read_only = self._settings.model_copy(update={"read_only": True})
        return Surfaces(read_only, self._policies, self._groups)

    @cached_property
    def _core(self) -> Surface:
        return Surface.of(self._settings, self._policy, "core", "")
