"""Which kind of thing an id stands for, as far as earlier results told, so that a wrong one can be named."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache

from ...schemas import JsonObject, JsonValue, Operation
from ..journal.entries import Caller
from ..requests.arguments import is_id
from ..results.result import ToolResult

__all__ = ["SeenIds", "ids_in"]

_KEY_OF_IDS = 'id":'
_MAX_IDS = 10_000
_MAX_NOTED = 5_000
"""The most ids that are noted of one result."""

_PAGES = ("result", "moderated_images", "unmoderated_images")
"""Lists of Nanonets whose objects are pages, with the id of the page under `id`."""

_SAME = {
    "file_id": "request_file_id",
    "document_group_id": "group_id",
    "session_id": "annotation_id",
    "workspace_id": "organization_id",
}
"""Other names for one kind of id."""

_EITHER = {"document_id": "request_file_id", "workflow_id": "model_id"}
"""Arguments of our own tools that also take the ids of the older interface of Nanonets."""

_NONE: frozenset[str] = frozenset()

_UNCLEAR = ("user_permissions", "project_task", "file")
"""What tools are named after although they answer something else."""

_ENDINGS = (("analyses", "analysis"), ("classes", "class"), ("ies", "y"), ("s", ""))


class SeenIds:
    """The kinds under which each caller was shown an id, those used last."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[tuple[str, ...], frozenset[str]] = OrderedDict()

    def note(self, caller: Caller, operation: Operation, values: JsonObject, result: ToolResult) -> None:
        """Remember the ids of a call that went well: those that it named and those that it answered."""
        answer = result.structured if _KEY_OF_IDS in result.text else {}
        for kind, identity in ids_in(operation, values, answer)[:_MAX_NOTED]:
            key = _key(caller, operation, identity)
            self._kinds[key] = _together(self._kinds.get(key, _NONE), kind)
            self._kinds.move_to_end(key)
        while len(self._kinds) > _MAX_IDS:
            self._kinds.popitem(last=False)

    def wrong_kinds(self, caller: Caller, operation: Operation, values: JsonObject) -> list[tuple[str, str]]:
        """The arguments that hold an id known as one of another kind only, each with that kind."""
        found: list[tuple[str, str]] = []
        for name, value in values.items():
            if not is_id(name) or isinstance(value, (list, dict)):
                continue
            kinds = self._kinds.get(_key(caller, operation, str(value)), _NONE)
            either = _EITHER.get(name, "") if operation.service == "docreview" else ""
            if len(kinds) == 1 and not kinds & {_kind(name), either}:
                found.extend((name, kind) for kind in kinds)
        return found


def ids_in(operation: Operation, values: JsonObject, answer: JsonObject) -> list[tuple[str, str]]:
    """The ids of a call that went well, each with its kind: those that it named, then those of the answer."""
    is_own = operation.service == "docreview"
    noun = operation.tool.partition("_")[2].partition("_")[2]
    last = "" if is_own or noun in _UNCLEAR else _singular(noun.rpartition("_")[2])
    found = [] if is_own else list(_named(values))
    _add_ids(answer, last, found)
    return found


def _named(values: JsonObject) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if is_id(name) and isinstance(value, (str, int)):
            yield _kind(name), str(value)


def _add_ids(value: JsonValue, noun: str, found: list[tuple[str, str]]) -> None:
    """Add the ids anywhere in a value, while more are noted. `noun`: what its own `id` is the id of.

    Only objects and lists are looked into by a call of their own: every result is walked through.
    """
    if isinstance(value, list):
        for entry in value:
            if isinstance(entry, (dict, list)):
                _add_ids(entry, noun, found)
    elif isinstance(value, dict) and value.get("kind") != "file" and len(found) < _MAX_NOTED:
        for key, entry in value.items():
            if isinstance(entry, (dict, list)):
                _add_ids(entry, noun if key == "items" else _noun(key), found)
            elif key.endswith("id") and isinstance(entry, (str, int)) and not isinstance(entry, bool):
                if key == "id" and noun:
                    found.append((_kind(f"{noun}_id"), str(entry)))
                elif key.endswith("_id"):
                    found.append((_kind(key), str(entry)))


@lru_cache(maxsize=1_000)
def _together(kinds: frozenset[str], kind: str) -> frozenset[str]:
    """The kinds with one more: the same object for the same ones, as there are thousands of ids."""
    return kinds | {kind}


@lru_cache(maxsize=1_000)
def _noun(key: str) -> str:
    return "page" if key in _PAGES else _singular(key)


def _singular(key: str) -> str:
    for ending, replacement in _ENDINGS:
        if key.endswith(ending):
            return key.removesuffix(ending) + replacement
    return key


def _kind(name: str) -> str:
    name = name.removeprefix("body_").removeprefix("source_")
    return _SAME.get(name, name)


def _key(caller: Caller, operation: Operation, identity: str) -> tuple[str, ...]:
    service = "studio" if operation.service == "studio" else "nanonets"
    return (caller.user, caller.host, caller.account(service), service, identity)
