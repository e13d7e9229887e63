"""What callers last saw of the values of documents, so that no old look overwrites a newer value."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from ..documents.comparison import same_as_read
from ..documents.field_state import FieldState
from ..journal.entries import Caller
from ..requests.id_spelling import one_spelling

__all__ = ["SeenValues"]

_MAX_VALUES = 50_000


class SeenValues:
    """The texts of fields and cells by caller with its account and id, those used last."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, ...], str] = OrderedDict()

    @property
    def is_empty(self) -> bool:
        """Whether nobody was shown any value."""
        return not self._texts

    def note(self, caller: Caller, fields: Iterable[FieldState]) -> None:
        """Remember that a caller was shown these values."""
        for each in fields:
            if each.id:
                key = _key(caller, each.id)
                self._texts[key] = each.text
                self._texts.move_to_end(key)
        while len(self._texts) > _MAX_VALUES:
            self._texts.popitem(last=False)

    def text(self, caller: Caller, identity: str) -> str | None:
        """The text of the value with this id as this caller last saw it; None if it never did."""
        return self._texts.get(_key(caller, identity))

    def forget(self, caller: Caller, identity: str) -> None:
        """Nothing is known any more of what this caller saw of a value."""
        self._texts.pop(_key(caller, identity), None)

    def copy(self) -> SeenValues:
        """The same, to be changed without an effect here."""
        other = SeenValues()
        other._texts = self._texts.copy()
        return other

    def changed(self, caller: Caller, fields: Iterable[FieldState]) -> list[tuple[FieldState, str]]:
        """Those of the values that are not as this caller last saw them, each with the text that it saw."""
        found: list[tuple[FieldState, str]] = []
        for each in fields:
            seen = self.text(caller, each.id) if each.id else None
            if seen is not None and not same_as_read(seen, each.text):
                found.append((each, seen))
        return found


def _key(caller: Caller, identity: str) -> tuple[str, ...]:
    return (caller.user, caller.host, caller.account("nanonets"), one_spelling(identity))
