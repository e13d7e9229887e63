"""A call whose arguments are valid, before anything is decided about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from ...schemas import JsonObject, Operation
from ..json_text import compact
from ..redaction import secret_arguments
from .arguments import guard_names
from .request import Request

__all__ = ["Prepared"]


@dataclass(frozen=True)
class Prepared:
    """A call whose arguments are valid: `values` hold all of them, `hidden` the secret ones among them.

    `base_url` is that of the service, and `requests` holds one for each path to try there. `account` tells
    whose credentials are used, empty where there is no choice.
    """

    operation: Operation
    values: JsonObject
    base_url: str
    requests: tuple[Request, ...]
    secrets: tuple[str, ...] = ()
    account: str = ""

    @property
    def service_arguments(self) -> JsonObject:
        """The arguments that are meant for the service."""
        guards = guard_names(self.operation)
        return {name: value for name, value in self.values.items() if name not in guards}

    @cached_property
    def fingerprint(self) -> str:
        """The same for identical calls of the same account. Secrets have no part in it: it can be read."""
        secret = secret_arguments(self.operation)
        arguments = {
            name: value for name, value in sorted(self.service_arguments.items()) if name not in secret
        }
        account = [self.account] if self.account else []
        text = compact([self.operation.id, self.base_url, arguments, *account])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def identity(self) -> tuple[str, ...]:
        """The same for calls that are identical in their secrets, too."""
        return (self.fingerprint, *self.secrets)
