"""What a request wants left out of the tools that it is offered: it can only ever be less than others get."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import cast

from ...tools import SurfaceName, Tool, load_tools

__all__ = ["NAMES", "NOT_NARROWED", "Narrowing", "NarrowingFault", "narrowing_of", "nearest"]

NAMES = ("toolsets", "tools", "read-only", "surface")
"""What can be narrowed, each by a header `X-Docreview-…` or a parameter of the URL."""

_SURFACES: tuple[SurfaceName, ...] = ("lean", "core", "full")
"""The lists of tools, the shortest first."""

_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_MAX_SHOWN = 80


class NarrowingFault(ValueError):  # noqa: N818 - what a request says, not a programming error
    """A name or value that stands for nothing; the message says which, and what is wanted."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Only `tools` (None: all of them), only those that read, and at most the list `surface` of them."""

    tools: frozenset[str] | None = None
    read_only: bool = False
    surface: SurfaceName = "full"

    def leaves(self, tool: Tool) -> bool:
        """Whether a tool is left. Those that find and run others stay: they reach none but what is left."""
        if self.read_only and tool.effect != "read":
            return False
        return self.tools is None or tool.tier == "lean" or tool.name in self.tools

    def shorter(self, surface: SurfaceName) -> SurfaceName:
        """The shorter one of a list and the one that is wanted at most."""
        return _SURFACES[min(_SURFACES.index(surface), _SURFACES.index(self.surface))]


NOT_NARROWED = Narrowing()


def narrowing_of(given: Iterable[tuple[str, str]]) -> Narrowing:
    """What is left by these values, each with its name, which is one of `NAMES`: the least of all of them.

    Raises:
        NarrowingFault: there is no such toolset, tool or list, or a value is empty.
    """
    narrowing = NOT_NARROWED
    for name, value in given:
        if name in ("toolsets", "tools"):
            wanted = _tools_of(value) if name == "toolsets" else _named(value, "tool", _every_tool())
            left = wanted if narrowing.tools is None else wanted & narrowing.tools
            narrowing = replace(narrowing, tools=left)
        elif name == "read-only":
            switch = value.strip().lower()
            if switch not in (*_ON, *_OFF):
                raise NarrowingFault(f"got {_quoted(value)}, expected true or false")
            narrowing = replace(narrowing, read_only=narrowing.read_only or switch in _ON)
        else:
            (surface,) = _named(value.lower(), "tool list", (*_SURFACES, "auto"), max_names=1)
            # `auto` leaves it to the server, and so narrows nothing.
            shortest = "full" if surface == "auto" else cast("SurfaceName", surface)
            narrowing = replace(narrowing, surface=narrowing.shorter(shortest))
    return narrowing


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one."""
    return get_close_matches(name, list(known), n=1, cutoff=0)[0]


def _tools_of(value: str) -> frozenset[str]:
    """The tools of toolsets, or of tiers, that are named with commas between them."""
    wanted = _named(value, "toolset", _every_toolset())
    tools = (tool for tool in load_tools() if tool.tier != "lean")
    return frozenset(tool.name for tool in tools if wanted & {tool.toolset, tool.tier, "all"})


def _named(value: str, what: str, known: Iterable[str], max_names: int | None = None) -> frozenset[str]:
    names = frozenset(part.strip() for part in value.split(",") if part.strip())
    if not names or (max_names is not None and len(names) > max_names):
        wanted = f"the name of a {what}" if max_names else f"names of {what}s"
        raise NarrowingFault(f"got {_quoted(value)}, expected {wanted}")
    known = frozenset(known)
    if unknown := sorted(names - known):
        near = nearest(unknown[0], sorted(known))
        raise NarrowingFault(f"there is no {what} {_quoted(unknown[0])}; did you mean {near}?")
    return names


def _quoted(value: str) -> str:
    return repr(value[:_MAX_SHOWN])


@cache
def _every_tool() -> frozenset[str]:
    return frozenset(tool.name for tool in load_tools())


@cache
def _every_toolset() -> frozenset[str]:
    tiers = ("documented", "companion", "extra", "all")
    return frozenset((*tiers, *(tool.toolset for tool in load_tools() if tool.tier != "lean")))
