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
    ("--toolsets", "A,B", "Toolsets to offer: names, or documented, companion, extra, all."),
    ("--tools", "A,B", "Tools to offer, alone or in addition to --toolsets."),
    ("--exclude-tools", "A,B", "Tools to leave out."),
    ("--read-only", "", "Offer only tools that change nothing."),
    (
        "--surface",
        "auto|full|core|lean",
        "full lists all tools; core and lean list a few, with tools that find and run the others; auto picks"
        " core for hosts with a tool limit, otherwise full.",
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
