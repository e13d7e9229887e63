"""The ids that a probe has met so far, each with the ids of what it lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from ...schemas import JsonObject, Operation
from ...tools.guards.seen_ids import ids_in

__all__ = ["KnownIds"]

_MAX_IDS_OF_ANSWER = 2_000
_MAX_OF_KIND = 5
_MAX_TOGETHER = 5
_ALSO = {"workflow_id": "model_id"}
"""A workflow of Nanonets is a model of its older interface."""


class KnownIds:
    """Sets of ids that belong together: a project with a session of it, a document with a page of it."""

    def __init__(self) -> None:
        self._together: list[dict[str, str]] = [{}]

    def note(self, operation: Operation, values: JsonObject, answer: JsonObject) -> bool:
        """Remember the first ids of each kind in an answer, together with those of the call.

        Gives whether there was an id besides those of the call.
        """
        of_kind: dict[str, list[str]] = {}
        for kind, identity in islice(ids_in(operation, {}, answer), _MAX_IDS_OF_ANSWER):
            seen = of_kind.setdefault(kind, [])
            if identity not in seen and len(seen) < _MAX_OF_KIND:
                seen.append(identity)
        named = {name: str(value) for name, value in values.items() if isinstance(value, (str, int))}
        firsts = {kind: identities[0] for kind, identities in of_kind.items()}
        self._add({**firsts, **named})
        for kind, identities in of_kind.items():
            for identity in identities:
                self._add({**named, kind: identity})
        return bool(of_kind.keys() - named.keys())

    def sets_for(self, names: Sequence[str]) -> list[Mapping[str, str]]:
        """Up to five sets of ids for a call that needs these; none if one of them is not known yet."""
        found: list[Mapping[str, str]] = []
        for known in sorted(self._together, key=len):
            if known.keys() >= set(names):
                chosen = {name: known[name] for name in names}
                if chosen not in found:
                    found.append(chosen)
        return found[:_MAX_TOGETHER]

    def _add(self, ids: Mapping[str, str]) -> None:
        more = {_ALSO[name]: value for name, value in ids.items() if name in _ALSO}
        entry = {**more, **ids}
        if entry not in self._together:
            self._together.append(entry)
