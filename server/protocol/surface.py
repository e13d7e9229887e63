"""Which tools a server lists and which may be called, for its settings and the client."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from ...schemas import Operation, Service, load_operations, load_own_operations
from ...tools.failure import NOTHING_SENT, ToolFailure
from ...tools.policy.policies import Policies
from ...tools.policy.policy import Policy
from ...tools.surface.former_names import current_tool
from ...tools.surface.selection import Selection, SurfaceName
from ...tools.surface.tool import Tool, called_with, load_tools
from ..settings.settings import Settings
from .client_limits import CLIENT_LIMITS, ClientLimit, limit_of
from .narrowing import NOT_NARROWED, Narrowing

__all__ = ["OF_A_SESSION", "Restriction", "Surface", "Surfaces"]

_MAX_RESTRICTIONS = 256
"""How many combinations of what callers may and want are kept in mind, those used last."""

OF_A_SESSION = ("studio_login", "studio_logout", "studio_register")
"""Tools that change the account of whoever uses the same credentials."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """What keeps tools of the settings from one caller: its rights, its credentials, and its own wishes.

    `services` are those for which it has credentials, None where those of the settings are shared;
    `has_session`: it has credentials for Studio of its own, and one server, so that it may sign in and out.
    """

    reads_only: bool = False
    services: tuple[Service, ...] | None = None
    has_session: bool = False
    narrowing: Narrowing = NOT_NARROWED

    def reason(self, tool: Tool) -> str:
        """Why a tool of the settings is kept from this caller; empty if it is not."""
        if self.reads_only and tool.effect != "read":
            return "this caller lacks the scope docreview:write"
        if tool.name in OF_A_SESSION and not self.has_session:
            return (
                "only callers with their own Studio credentials can sign in and out, and only on a single"
                " server (without DOCREVIEW_REDIS)"
            )
        if not self.narrowing.leaves(tool):
            return "the request excludes it (X-Docreview- headers or URL parameters)"
        return ""


@dataclass(frozen=True, slots=True)
class Surface:
    """The tools of a server: `every` one, those that a host lists, and those that may be called.

    The latter, directly or through others, are `offered` in the order of lists, and `reached` by name.
    `listed` are the names of those listed. `why` says in a few words why the list is the full, the core or
    the lean one. `restriction` is what keeps tools from the caller, None where there is one user only.
    """

    settings: Settings
    selection: Selection
    why: str
    policy: Policy
    every: Mapping[str, Tool]
    chosen: tuple[Tool, ...]
    listed: frozenset[str]
    offered: tuple[Tool, ...]
    reached: frozenset[str]
    restriction: Restriction | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        policy: Policy,
        name: SurfaceName,
        why: str,
        restriction: Restriction | None = None,
    ) -> Surface:
        """The tools for these settings and the policy that they name, listed as `name` says.

        Raises:
            SelectionError: a toolset or tool of the settings does not exist.
        """
        every = {tool.name: tool for tool in load_tools()}
        whole = settings.selection
        if restriction is not None and restriction.services is not None:
            whole = replace(whole, services=restriction.services or ("nanonets", "studio"))
        selection = replace(whole, surface=name)
        chosen, reached = selection.choose(every.values()), selection.reach(every.values())
        kept = {tool.name for tool in reached}
        if restriction is not None:
            if restriction.narrowing.surface != "full":
                # Asked for, a shorter list adds what finds and runs the others, and nothing else.
                kept = {tool.name for tool in whole.reach(every.values())} | {
                    tool.name for tool in reached if tool.tier == "lean"
                }
            kept = {each for each in kept if not restriction.reason(every[each])}
        listed, offered = (
            tuple(
                tool
                for tool in tools
                if tool.name in kept and not policy.tool_refusal(tool.name, tool.toolset)
            )
            for tools in (chosen, reached)
        )
        names, listed_names = (frozenset(tool.name for tool in tools) for tools in (offered, listed))
        return cls(settings, selection, why, policy, every, listed, listed_names, offered, names, restriction)

    @property
    def name(self) -> SurfaceName:
        """Which of the lists this is."""
        return self.selection.surface

    @property
    def is_read_only(self) -> bool:
        """Whether only tools are offered that change nothing."""
        kept = self.restriction
        return self.settings.read_only or (kept is not None and (kept.reads_only or kept.narrowing.read_only))

    @property
    def depends_on_panels(self) -> bool:
        """Whether a client that shows panels is offered more tools than this."""
        return len(self.with_panel.chosen) > len(self.chosen)

    @property
    def with_panel(self) -> Surface:
        """The same list for a client that shows panels: with the tools that only the panel calls."""
        if self.name == "lean":
            return self
        names = self.listed
        chosen = tuple(tool for tool in self.offered if tool.name in names or tool.panel == "only")
        return replace(self, chosen=chosen)

    def is_callable(self, tool: Tool) -> bool:
        """Whether a tool may be called directly: what the panel calls also where it is not listed."""
        return tool.name in self.listed or (tool.panel != "" and tool.name in self.reached)

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
                else "find_tools and the tool list name the existing tools."
            )
            raise ToolFailure(
                "invalid_arguments",
                f"tool: got {name!r}, but there is no such tool; {hint}",
                happened=NOTHING_SENT,
                next_step="Call again with the name of an existing tool.",
            )
        if name not in self.reached:
            raise self.not_selected(tool)
        return self.operation(tool)

    def not_selected(self, tool: Tool) -> ToolFailure:
        """Why a tool that exists cannot be called here."""
        if tool.name in self.reached:
            return ToolFailure(
                "not_allowed",
                f"{tool.name} is not in the {self.name} tool list.",
                happened=NOTHING_SENT,
                next_step=f"Call it through {called_with(tool)}, with the same arguments under arguments.",
            )
        if reason := self.policy.tool_refusal(tool.name, tool.toolset):
            from ...tools.policy.refusal import not_allowed

            return not_allowed(self.operation(tool), reason)
        return ToolFailure(
            "not_allowed",
            f"{tool.name} is not offered: {self.why_not_offered(tool)}.",
            happened=NOTHING_SENT,
            next_step="Use another tool, or ask the user to change the setting and restart the server."
            if self.restriction is None
            else "Use another tool.",
        )

    def why_not_offered(self, tool: Tool) -> str:
        """What keeps a tool from being called here: a rule of the policy, or a setting, which it names."""
        refusal = self.policy.tool_refusal(tool.name, tool.toolset)
        kept = "" if self.restriction is None else self.restriction.reason(tool)
        return refusal or kept or self.selection.reason_for_hiding(tool)


class Surfaces:
    """The lists that a server with these settings gives to its clients, each made when it is first needed.

    The policies are those of the settings unless they have been read already; `groups` are those of the
    callers, as far as the policies have sections for them. `restriction` is what keeps tools from a caller.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file has a fault.
    """

    def __init__(
        self,
        settings: Settings,
        policies: Policies | None = None,
        restriction: Restriction | None = None,
        groups: frozenset[str] = frozenset(),
    ) -> None:
        self._settings = settings
        self._policies = settings.read_policy() if policies is None else policies
        self._policy = self._policies.of(groups)
        self._restriction = restriction
        self._restricted: OrderedDict[tuple[Restriction, frozenset[str]], Surfaces] = OrderedDict()
        self._for_limits: dict[ClientLimit, Surface] = {}
        own = settings.selection.surface
        chosen = own if restriction is None else restriction.narrowing.shorter(own)
        why = "the client has no known limit" if settings.surface == "auto" else "set by the user"
        self.usual = self._made(chosen, why if chosen == own else "set by the request")

    @property
    def depend_on_client(self) -> bool:
        """Whether some clients are offered other tools than the rest."""
        return self.usual.depends_on_panels or (
            self._settings.surface == "auto"
            and any(limit.max_tools < len(self.usual.chosen) for limit in CLIENT_LIMITS)
        )

    def for_client(self, client: str, *, shows_panels: bool = False) -> Surface:
        """The list for a client by the name that it gives of itself, which may be empty.

        Where the settings leave it to the client, it is the full one unless the client is known to take fewer
        tools than that has. One that `shows_panels` is offered the tools of the panel as well.
        """
        surface = self._by_name(client)
        return surface.with_panel if shows_panels else surface

    def _by_name(self, client: str) -> Surface:
        limit = limit_of(client) if self._settings.surface == "auto" and self.usual.name == "full" else None
        if limit is None:
            return self.usual
        if limit not in self._for_limits:
            is_longer = limit.max_tools < len(self.usual.chosen)
            why = f"{limit.host} allows at most {limit.max_tools} tools"
            self._for_limits[limit] = replace(self._core if is_longer else self.usual, why=why)
        return self._for_limits[limit]

    def restricted(self, restriction: Restriction, groups: frozenset[str] = frozenset()) -> Surfaces:
        """The lists for callers in these groups from whom tools are kept, made once for each combination.

        They are the same for all groups that the policies do not tell apart.
        """
        key = (restriction, self._policies.named(groups))
        found = self._restricted.get(key)
        if found is None:
            found = self._restricted[key] = Surfaces(self._settings, self._policies, *key)
            if len(self._restricted) > _MAX_RESTRICTIONS:
                self._restricted.popitem(last=False)
        else:
            self._restricted.move_to_end(key)
        return found

    @cached_property
    def _core(self) -> Surface:
        return self._made("core", "")

    def _made(self, name: SurfaceName, why: str) -> Surface:
        return Surface.of(self._settings, self._policy, name, why, self._restriction)
