"""Options that several commands have, and the settings that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from .settings.settings import Settings

__all__ = ["settings_of", "with_settings"]

Command = TypeVar("Command", bound=Callable[..., Any])

_SHARED: Sequence[tuple[str, str, str]] = (
    ("--sandbox", "", "Use sample data in memory; no account needed."),
    ("--toolsets", "A,B", "Toolset names, or documented, companion, extra, all."),
    ("--tools", "A,B", "Only these tools, or in addition to --toolsets."),
    ("--exclude-tools", "A,B", "Tools to leave out."),
    ("--read-only", "", "Only tools that change nothing."),
    (
        "--surface",
        "auto|full|core|lean",
        "auto: full, or core for a host that takes fewer tools; core and lean: short lists, and tools that"
        " find and run all others.",
    ),
)


def with_settings(command: Command) -> Command:
    """Add the options that every command shares with its environment variable."""
    for name, metavar, meaning in reversed(_SHARED):
        help_text = f"{meaning}  [env: DOCREVIEW_{name[2:].replace('-', '_').upper()}]"
        add = click.option(name, is_flag=not metavar, default=None, metavar=metavar or None, help=help_text)
        command = add(command)
    return command


def settings_of(options: dict[str, Any]) -> Settings:
    """The settings of the environment with the options that were given put before them."""
    from .settings.settings import read_settings

    return read_settings(**{name: value for name, value in options.items() if value is not None})
