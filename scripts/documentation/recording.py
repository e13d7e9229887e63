"""Calls of tools on a fresh sandbox, recorded so that the same calls always give the same text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.beginning import STARTED_AT, day_before
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.surface.tool import Tool
from mcp import Client
from mcp.types import CallToolResult, TextContent

from .sample import sample_values

__all__ = ["Recording", "Session", "connected_session", "record_example", "shown_json", "yesterday"]

_CALLS = cast("dict[str, Any]", tomllib.loads(Path(__file__).with_name("calls.toml").read_text("utf-8")))
_MOMENT = STARTED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
_OF_THE_RUN = {
    "at": _MOMENT,
    "by": "ana",
    "confirm": "code-of-this-call",
    "key": "key-of-the-panel",
}
"""Keys whose values differ from run to run, and what the documentation shows instead."""

_DOWNLOADS = "/home/ana/Downloads/docreview"
_BASE, _ADDRESS = "http://127.0.0.1/nanonets", "https://app.nanonets.com"
_YESTERDAY = day_before(1)
_NOT_SHOWN = frozenset({"password", "token", "reset_password_token", "verify_email_token", "file_base64"})
"""Arguments that are secrets, or too long to show."""

_TEXT, _LIST, _LINES, _WIDTH = 160, 2, 30, 96


def yesterday() -> str:
    """The date of yesterday by the clock of the journal; recordings show another one."""
    return (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Recording:
    """One call with its structured answer and the kinds of content beside it."""

    tool: str
    arguments: Mapping[str, Any]
    answer: Mapping[str, Any]
    is_error: bool = False
    beside: tuple[str, ...] = ()


@dataclass(slots=True)
class Session:
    """A client of a server on a sandbox of its own, whose clock moves only when told to."""

    client: Client
    sandbox: Sandbox
    downloads: str
    seconds: list[float]
    calls: list[Recording] = field(default_factory=list[Recording])

    async def call(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """The structured answer, which is recorded; an error counts as an answer."""
        result = await self.client.call_tool(tool, arguments)
        arguments_shown = {name: "…" if name in _NOT_SHOWN else value for name, value in arguments.items()}
        recording = Recording(
            tool,
            self._settled(arguments_shown),
            self._settled(_structured(result)),
            bool(result.is_error),
            tuple(content.type for content in result.content if content.type != "text"),
        )
        self.calls.append(recording)
        return recording.answer

    def _settled(self, value: Any, name: str = "") -> Any:
        """A copy without what differs from run to run."""
        if isinstance(value, dict):
            entries = cast("dict[str, Any]", value)
            return {key: self._settled(entry, key) for key, entry in entries.items()}
        if isinstance(value, list):
            return [self._settled(entry, name) for entry in cast("list[Any]", value)]
        if name == "bytes" and isinstance(value, int):
            # How well a file is compressed depends on the libraries of the machine.
            return round(value, 1 - len(str(value)))
        if isinstance(value, str):
            if name in _OF_THE_RUN:
                return _OF_THE_RUN[name]
            for actual, stable in (
                (self.downloads, _DOWNLOADS),
                (_BASE, _ADDRESS),
                (yesterday(), _YESTERDAY),
            ):
                value = value.replace(actual, stable)
        return value


@asynccontextmanager
async def connected_session(**settings: Any) -> AsyncGenerator[Session]:
    """A session with its own sandbox, a journal in memory and nothing of the user's environment."""
    seconds = [100.0]
    sandbox = Sandbox(clock=lambda: seconds[0])
    with TemporaryDirectory(prefix="docreview-documentation-") as folder:
        given = {"confirm": "never", "journal": "sqlite://", "toolsets": ("all",), "surface": "full"}
        behind, transport = embedded(Settings(**{**given, "downloads": Path(folder), **settings}), sandbox)
        async with Client(build_server(behind, transport=transport)) as client:
            yield Session(client, sandbox, folder, seconds)


async def record_example(tool: Tool) -> Recording:
    """The example call of a tool, after the calls that it needs."""
    settings = {"surface": "lean"} if tool.tier == "lean" else {}
    async with connected_session(**settings) as session:
        last: Mapping[str, Any] = {}
        for name in cast("Sequence[str]", _CALLS["before"].get(tool.name, ())):
            last = await session.call(name, **_arguments(name, sample_values(session.sandbox)))
        following = {
            argument: _at(last, path) for argument, path in _CALLS["after"].get(tool.name, {}).items()
        }
        given = _arguments(tool.name, sample_values(session.sandbox))
        await session.call(tool.name, **given, **following)
        return session.calls[-1]


@cache
def _required() -> Mapping[str, Sequence[str]]:
    return {tool.name: cast("Sequence[str]", tool.input_schema.get("required", ())) for tool in load_tools()}


def _arguments(tool: str, known: Mapping[str, Any]) -> dict[str, Any]:
    usual = cast("dict[str, Any]", _CALLS["arguments"])
    own = cast("dict[str, Any]", _CALLS["tools"].get(tool, {}))
    by_name = {**usual, **usual["studio"]} if tool.startswith("studio_") else usual
    given = {name: by_name[name] for name in _required()[tool] if name not in own and name in by_name}
    return cast("dict[str, Any]", _filled({**given, **own}, known))


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, known) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_filled(entry, known) for entry in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return known[value[1:-1]]
    return value


def _at(value: Mapping[str, Any], path: str) -> Any:
    for part in path.split("."):
        value = value[part]
    return value


def _structured(result: CallToolResult) -> Any:
    if result.structured_content is None and isinstance(first := result.content[0], TextContent):
        return json.loads(first.text)
    return result.structured_content


def shown_json(value: Any, lines: int = _LINES) -> tuple[str, bool]:
    """JSON to read: lists and long texts are shortened, the end is cut off. Tells whether anything was."""
    shortened = _shortened(value)
    text = _written(shortened).split("\n")
    if len(text) > lines:
        return "\n".join([*text[:lines], "…"]), True
    return "\n".join(text), shortened != value


def _written(value: Any, indent: str = "") -> str:
    """JSON with what fits on one line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(line) <= _WIDTH:
        return line
    inner = f"{indent}  "
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        parts = [f"{json.dumps(key)}: {_written(entry, inner)}" for key, entry in entries]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    parts = [_written(entry, inner) for entry in cast("list[Any]", value)]
    return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}]"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(entry) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        if len(entries) <= _LIST or not isinstance(entries[0], dict | list):
            return [_shortened(entry) for entry in entries[:12]] + (["…"] if len(entries) > 12 else [])
        return [*(_shortened(entry) for entry in entries[:_LIST]), f"… {len(entries) - _LIST} more"]
    if isinstance(value, str) and len(value) > _TEXT:
        return f"{value[:_TEXT]}…"
    return value
