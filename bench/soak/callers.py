"""Who calls: principals with a key and an account of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from docreview_mcp.server.http.keys import add_key

from .service import TOKEN

__all__ = ["Caller", "Callers", "with_keys"]

_SCOPES = frozenset({"docreview:read", "docreview:write"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal: how the journal names it, its account at the service, and the headers of its requests."""

    principal: str
    account: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Callers:
    """All principals, and the settings by which servers know them."""

    each: list[Caller]
    environment: dict[str, str] = field(default_factory=dict)


def with_keys(folder: Path, number: int) -> Callers:
    """Principals that are known by keys in a file."""
    file = folder / "keys.txt"
    callers: list[Caller] = []
    for index in range(number):
        key = add_key(file, f"Caller {index}", _SCOPES)
        principal = file.read_text(encoding="utf-8").splitlines()[-1].split()[0]
        account = f"account-{index:03}"
        headers = {"Authorization": f"Bearer {key}", "X-Studio-Token": f"{TOKEN}{account}"}
        callers.append(Caller(principal, account, headers))
    return Callers(callers, {"DOCREVIEW_AUTH": "keys", "DOCREVIEW_KEYS": str(file)})
