"""Documents and files as one read answered them: writes find the state before here, without another request.

Only for as long as nobody else writes the document; see `CallContext.holds`.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Protocol

from ...schemas import JsonObject, JsonValue
from ..documents.field_state import fields_in
from ..documents.values import objects_in

__all__ = ["BeforeAdding", "DocumentSnapshot", "FileSnapshot", "Snapshot"]

_READ_PAGE = "getPageData"
_IDS = ("field_data_id", "cell_id")
_TEXTS = ("value", "text")


class Snapshot(Protocol):
    """What was read before a write."""

    def answer(self, operation_id: str, arguments: JsonObject) -> JsonObject | None:
        """What this reading operation would answer; None where that is not known."""
        ...

    def take(self, arguments: JsonObject, answer: JsonObject) -> None:
        """A write with these arguments got this answer."""
        ...


class FileSnapshot:
    """One answer of one reading operation, for one write."""

    def __init__(self, operation_id: str, arguments: JsonObject, answer: JsonObject) -> None:
        self._call = (operation_id, arguments)
        self._answer = answer

    def answer(self, operation_id: str, arguments: JsonObject) -> JsonObject | None:
        """What was read, if it was by this call."""
        return self._answer if (operation_id, arguments) == self._call else None

    def take(self, arguments: JsonObject, answer: JsonObject) -> None:
        """Nothing is written by it twice."""


class DocumentSnapshot:
    """The answer of `getDocument`, kept up to date by the writes on its values."""

    def __init__(self, answer: JsonObject) -> None:
        self._pages = {
            str(page.get("page_id")): _with_data(page) for page in objects_in(deepcopy(answer.get("pages")))
        }

    def answer(self, operation_id: str, arguments: JsonObject) -> JsonObject | None:
        """A page of the document, as it stands now."""
        return self._pages.get(str(arguments.get("page_id"))) if operation_id == _READ_PAGE else None

    def text(self, identity: str) -> str | None:
        """The text of the field or cell with this id; None where it is not there."""
        for page in self._pages.values():
            for item in _items(page):
                if any(str(item.get(name)) == identity for name in _IDS):
                    return next((each.text for each in fields_in(item)), None)
        return None

    def take(self, arguments: JsonObject, answer: JsonObject) -> None:
        """Let the written value stand here as the service has it now."""
        page = self._pages.get(str(arguments.get("page_id")))
        name = next((name for name in _IDS if name in arguments), "")
        for item in _items(page) if page is not None and name else ():
            if str(item.get(name)) == str(arguments[name]):
                texts: JsonObject = {key: arguments["value"] for key in _TEXTS if "value" in arguments}
                item |= {key: value for key, value in {**texts, **arguments, **answer}.items() if key in item}


class BeforeAdding:
    """A document for one write that adds to it: only the first reading is of the state before."""

    def __init__(self, document: DocumentSnapshot) -> None:
        self._document = document
        self._is_read = False

    def answer(self, operation_id: str, arguments: JsonObject) -> JsonObject | None:
        """What the first reading finds."""
        if self._is_read:
            return None
        self._is_read = True
        return self._document.answer(operation_id, arguments)

    def take(self, arguments: JsonObject, answer: JsonObject) -> None:
        """The document stays as it was read."""


def _with_data(page: JsonObject) -> JsonObject:
    """The page as `getPageData` answers it, also where its fields stand on the page itself."""
    return page if isinstance(page.get("data"), dict) else {**page, "data": page}


def _items(page: JsonObject) -> Iterator[JsonObject]:
    """Every object in a page, however deep."""
    left: list[JsonValue] = [page]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
        if isinstance(value, (dict, list)):
            inner = value.values() if isinstance(value, dict) else value
            left.extend(entry for entry in inner if isinstance(entry, (dict, list)))
