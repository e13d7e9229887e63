"""The settings reference, made from the settings models and the texts of their forms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.http.setting_texts import HTTP_SETTING_TEXTS
from docreview_mcp.server.http.settings import HttpSettings
from docreview_mcp.server.settings.rate import Rate
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.server.settings.texts import SETTING_TEXTS, SettingText, variables_of
from pydantic import SecretStr
from pydantic.fields import FieldInfo

__all__ = ["render_settings"]

_SEVERAL: Mapping[frozenset[object], str] = {
    frozenset((Path,)): "paths",
    frozenset((float,)): "two numbers",
    frozenset((str, int)): "address and port",
}
_UNITS = {1: "second", 60: "minute", 3600: "hour"}
_INTRODUCTION = (
    "# Settings",
    "",
    "Settings come from environment variables; the common ones are options of the commands as well. An empty"
    " variable counts as not set. `make generate` writes this page from the settings models.",
)
_TABLES = (
    ("Server", Settings, SETTING_TEXTS, "stdio", "DOCREVIEW_", ""),
    (
        "Serving over HTTP",
        HttpSettings,
        HTTP_SETTING_TEXTS,
        "http",
        "DOCREVIEW_HTTP_",
        "`docreview-mcp http` takes these as well. [Serve a team](http.md) explains them.",
    ),
)


def render_settings() -> str:
    """The page: every environment variable with its option, its type, its default and what it does."""
    lines = list(_INTRODUCTION)
    for title, model, texts, command, prefix, about in _TABLES:
        options = _options(command, prefix)
        lines += ["", f"## {title}", ""]
        lines += [about, ""] if about else []
        lines += ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [
            _row(model.model_fields[name], variable, options.get(variable), texts[variable])
            for name, variable in variables_of(model).items()
        ]
    return "\n".join(lines) + "\n"


def _options(command: str, prefix: str) -> dict[str, str]:
    """The option of a command for each variable that has one."""
    options = [each for each in command_line.commands[command].params if isinstance(each, click.Option)]
    return {f"{prefix}{each.opts[0][2:].replace('-', '_').upper()}": each.opts[0] for each in options}


def _row(field: FieldInfo, variable: str, option: str | None, text: SettingText) -> str:
    meaning = f"{text.title}. {text.description} {text.more}".rstrip()
    names = f"`{variable}`" + (f", `{option}`" if option else "")
    cells = (names, _kind(field), _default(field), meaning.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |"


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{kind}`" for kind in kinds)
    kind = annotation if get_origin(annotation) in (tuple, dict) else kinds[0]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{each}`" for each in get_args(kind))
    words = {bool: "0 or 1", int: "integer", float: "number", Path: "path", SecretStr: "secret", Rate: "rate"}
    return f"{words.get(kind, _of_several(kind))}{_range(field)}"


def _of_several(kind: Any) -> str:
    if get_origin(kind) is dict:
        return "JSON object"
    if get_origin(kind) is tuple:
        parts = frozenset(part for part in get_args(kind) if part is not ...)
        return _SEVERAL.get(parts, "names, separated by commas")
    return "text"


def _range(field: FieldInfo) -> str:
    lowest = next((limit for limit in field.metadata if isinstance(limit, Ge | Gt)), None)
    highest = next((limit.le for limit in field.metadata if isinstance(limit, Le)), None)
    if lowest is None:
        return ""
    minimum = f"from {lowest.ge}" if isinstance(lowest, Ge) else f"above {lowest.gt}"
    return f" {minimum}{f' to {highest}' if highest is not None else ''}"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}, ""):
        return ""
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, Rate):
        return f"`{value.requests}/{_UNITS[int(value.seconds)]}`"
    if isinstance(value, tuple):
        parts = [f"{each:g}" if isinstance(each, float) else str(each) for each in value]
        sign = ":" if isinstance(value[-1], int) else ","
        return f"`{sign.join(parts)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
