"""The demo's client: calls tools of a real server, and tells on the screen what happens."""

from __future__ import annotations

import json
import os
import re
import sys
from base64 import b64decode
from typing import Any, cast

import anyio
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextContent
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

__all__ = ["Answer", "DemoProblem", "ReaderGone", "Transcript", "expect"]

Answer = dict[str, Any]

_ID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_SPELLED = {"→": "->", "…": "..."}


class DemoProblem(Exception):  # noqa: N818 - the demo's own word for a step that went wrong
    """A step did not do what it says."""


class ReaderGone(DemoProblem):
    """Nobody reads the transcript any more (`| head`)."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise `DemoProblem`, with what is the case otherwise, unless something holds."""
    if not holds:
        raise DemoProblem(otherwise)


class Transcript:
    """Calls tools and tells what happens, for a person to read."""

    def __init__(self, client: Client, pause: float) -> None:
        self._client = client
        self._pause = pause
        self._console = _Screen(highlight=False)
        self._shown_ids: set[tuple[str, str]] = set()
        self.calls = 0

    def step(self, text: str) -> None:
        """A step of the story."""
        self._print(Text(f"\n{self._writable(text)}", style="bold"))

    def found(self, text: str) -> None:
        """What a step showed."""
        self._print(Text(self._writable(_shortened(text))), 2)

    async def call(self, tool: str, /, **arguments: Any) -> Answer:
        """One tool call; raises `DemoProblem` if it fails."""
        await self._announce(tool, arguments)
        return await self.call_silently(tool, **arguments)

    async def call_silently(self, tool: str, /, **arguments: Any) -> Answer:
        """The same without a word."""
        return _answer(tool, await self._send(tool, arguments))

    async def picture(self, tool: str, /, **arguments: Any) -> tuple[Answer, bytes]:
        """A call that answers a picture too; raises `DemoProblem` if it does not."""
        await self._announce(tool, arguments)
        result = await self._send(tool, arguments)
        answer = _answer(tool, result)
        for content in result.content:
            if isinstance(content, ImageContent):
                return answer, b64decode(content.data)
        raise DemoProblem(f"{tool} gave no picture")

    async def refused(self, tool: str, code: str, /, **arguments: Any) -> Answer:
        """A call that has to fail with this code; raises `DemoProblem` if it does not."""
        await self._announce(tool, arguments)
        result = await self._send(tool, arguments)
        answer = cast("Answer", result.structured_content)
        expect(
            bool(result.is_error) and answer["error"]["code"] == code,
            f"{tool} was expected to be refused as {code}",
        )
        expect(answer["error"]["done"] == "no", f"{tool} was refused, but not before anything was done")
        return answer

    async def _send(self, tool: str, arguments: Answer) -> CallToolResult:
        self.calls += 1
        return await self._client.call_tool(tool, arguments)

    async def _announce(self, tool: str, arguments: Answer) -> None:
        await anyio.sleep(self._pause)
        arguments_shown = f"({self._named(arguments, '=')})"
        self._print(Text.assemble((self._writable(f"→ {tool}"), "cyan"), self._writable(arguments_shown)), 2)

    def _named(self, values: Answer, sign: str) -> str:
        """Arguments on one line. Ids that were shown before are no more than a `…`."""
        named: list[str] = []
        for name, value in values.items():
            if isinstance(value, str) and _ID.fullmatch(value) and (name, value) in self._shown_ids:
                if "…" not in named:
                    named.append("…")
                continue
            named.append(f"{name}{sign}{self._brief(value)}")
            if isinstance(value, str):
                self._shown_ids.add((name, value))
        return ", ".join(named)

    def _brief(self, value: Any) -> str:
        """An argument in short; only one entry of a list is worth showing."""
        if isinstance(value, dict):
            return f"{{{self._named(cast('Answer', value), ': ')}}}"
        if isinstance(value, list):
            entries = cast("list[object]", value)
            return f"[{self._brief(entries[0])}]" if len(entries) == 1 else f"[{len(entries)} items]"
        return repr(_shortened(value) if isinstance(value, str) else value)

    def _print(self, text: Text, indent: int = 0) -> None:
        """On a terminal long lines are wrapped at words, elsewhere they stay whole."""
        if self._console.is_terminal:
            self._console.print(Padding.indent(text, indent) if indent else text)
        else:
            self._console.print(Text(" " * indent) + text, soft_wrap=True)

    def _writable(self, text: str) -> str:
        """Signs that the screen cannot write, as in a pipe of Windows, are spelled out or become `?`."""
        encoding = self._console.encoding
        if encoding.startswith("utf"):
            return text
        for sign, spelled in _SPELLED.items():
            text = text.replace(sign, spelled)
        return text.encode(encoding, "replace").decode(encoding)


class _Screen(Console):
    """The terminal or pipe. What rich raises for a broken pipe, `SystemExit`, no task group can bear."""

    def on_broken_pipe(self) -> None:
        """Write nothing more, not at exit either, and end the demo."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGone


def _answer(tool: str, result: CallToolResult) -> Answer:
    structured = result.structured_content
    if structured is None and isinstance(first := result.content[0], TextContent):
        structured = json.loads(first.text)
    answer = cast("Answer", structured)
    if result.is_error:
        raise DemoProblem(f"{tool} failed: {answer['error']['message']}")
    return answer


def _shortened(text: str) -> str:
    """A text with only the beginning of each long id in it."""
    return _ID.sub(r"\1…", text)
