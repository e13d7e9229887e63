"""What is known of hosts and frameworks, read from `clients.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = ["Client", "clients"]

_FILE = Path(__file__).with_name("clients.toml")


@dataclass(frozen=True, slots=True)
class Client:
    """A program or library that starts the server, and what was seen when it was `tried`.

    `shows` are commands of a host that list its servers, `environment` what they need to start one;
    `example` is a program in `examples/`.
    """

    name: str
    title: str = ""
    tried: str = ""
    era: str = ""
    tools: int = 0
    pictures: str = ""
    confirmation: str = ""
    processes: str = ""
    secrets: str = ""
    about: str = ""
    example: str = ""
    source: str = ""
    shows: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: Sequence[str] = ()


@cache
def clients(kind: Literal["hosts", "frameworks"]) -> Mapping[str, Client]:
    """The hosts or the frameworks, by name."""
    table: dict[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Client(name, **known) for name, known in table[kind].items()}
