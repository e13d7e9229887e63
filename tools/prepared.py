"""A call whose arguments are valid, before anything is decided about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..schemas import JsonObject, Operation
from .arguments import arguments_of
from .request import Request
from .size import compact

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call whose arguments are valid: `values` hold all of them, `requests` one for each address."""

    operation: Operation
    values: JsonObject
    requests: tuple[Request, ...]
    hidden: tuple[str, ...] = ()

    @property
    def sent(self) -> JsonObject:
        """The arguments that are meant for the service."""
        guards = {each.name for each in arguments_of(self.operation) if each.location == "guard"}
        return {name: value for name, value in self.values.items() if name not in guards}

    @property
    def fingerprint(self) -> str:
        """The same for identical calls."""
        text = compact([self.operation.id, dict(sorted(self.sent.items()))])
        return hashlib.sha256(text.encode()).hexdigest()[:32]
