"""Changes that add or delete values, rows and tables, or mark a table: checked with all others, then sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal, cast

from ...schemas import JsonObject, JsonValue
from ..documents.comparison import same_as_read
from ..documents.values import DocumentTable, DocumentValue, DocumentValues
from .faults import Fault, quoted_text

__all__ = [
    "GONE_BY",
    "Gone",
    "PlannedStructure",
    "faults_of_form",
    "is_structural",
    "plan_structure",
    "wanted_gone",
]

_STATUS = ("verification_status", "verification_message")
_ADDED = frozenset({"document_id", *_STATUS})

_FORMS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "delete": (
        frozenset({"delete"}),
        frozenset({"document_id", "field_data_id", "cell_id", "table_id", "row", "expected_value"}),
    ),
    "field_name": (frozenset({"field_name", "value"}), _ADDED | {"page_id", "bbox"}),
    "cells": (frozenset({"table_id", "cells"}), _ADDED | {"row"}),
    "rows": (frozenset({"rows", "bbox"}), _ADDED | {"page_id"}),
    "table_id": (frozenset({"table_id", "verification_status"}), _ADDED),
}
"""By the argument that tells what a change is: what it needs, and what else it may have."""

GONE_BY = {
    "field_data_id": "nanonets_delete_field",
    "cell_id": "nanonets_delete_cell",
    "table_id": "nanonets_delete_table",
}
"""The tool that deletes what an id names."""

Gone = AbstractSet[tuple[str, str]]
"""What this server has deleted already: the id, and the row of a table or nothing."""


@dataclass(frozen=True, slots=True)
class PlannedStructure:
    """What to add, to delete or to mark, by calls of operations with all arguments but those of the document.

    Without calls nothing is left to do. `in_words` is what a person is shown under `title`; `values` are
    those that are there now and that an agreement is bound to.
    """

    index: int
    document_id: str
    kind: Literal["add", "delete", "mark"]
    id: str
    title: str
    in_words: JsonValue
    calls: tuple[tuple[str, JsonObject], ...] = ()
    values: tuple[DocumentValue, ...] = ()
    table_id: str = ""

    @property
    def is_there(self) -> bool:
        """Whether nothing is left to do."""
        return not self.calls


def is_structural(change: JsonObject) -> bool:
    """Whether a change adds, deletes or marks a table, rather than being about one value that is there."""
    return bool(change.get("delete")) or any(name in change for name in _FORMS if name != "delete")


def wanted_gone(change: JsonObject) -> tuple[str, str]:
    """What a change deletes, by the name of its id and the id."""
    name = next((name for name in GONE_BY if name in change), "")
    return name, str(change.get(name, ""))


def faults_of_form(index: int, change: JsonObject) -> Iterator[Fault]:
    """What is wrong with a structural change whatever the document holds."""
    where, form = f"changes.{index}", _form_of(change)
    needed, allowed = _FORMS[form]
    given = {name for name, value in change.items() if name != "delete" or value}
    if missing := sorted(needed - given):
        yield Fault(index, f"{where}: {form} was given without {' and '.join(missing)}")
    if odd := sorted(given - needed - allowed):
        yield Fault(index, f"{where}: {', '.join(odd)} cannot be combined with {form}")
    named = [name for name in GONE_BY if name in change]
    if form == "delete" and len(named) != 1:
        actual = " and ".join(named) or "none"
        yield Fault(index, f"{where}: got {actual}, expected one of field_data_id, cell_id and table_id")
    if form == "delete" and "row" in change and named != ["table_id"]:
        yield Fault(index, f"{where}.row: allowed only with table_id")
    if form == "delete" and "expected_value" in change and "table_id" in change:
        yield Fault(index, f"{where}.expected_value: allowed only for a field or a cell")
    for name in ("cells", "rows"):
        if name in change and not change[name]:
            yield Fault(index, f"{where}.{name}: is empty, expected something to add")


def plan_structure(
    index: int,
    document_id: str,
    change: JsonObject,
    values: DocumentValues,
    earlier: Sequence[PlannedStructure],
    gone: Gone,
    seen: Callable[[str], str | None],
) -> PlannedStructure | Fault:
    """What a change is about, or what is at fault. `earlier` are those of the same document before it.

    `gone` names what was deleted before, so that a repeated call finds it done.
    """
    planner = _Planner(index, document_id, change, values, earlier)
    plan = {
        "delete": lambda: planner.delete(gone, seen),
        "field_name": planner.add_field,
        "cells": planner.add_cells,
        "rows": planner.add_table,
        "table_id": planner.mark_table,
    }[_form_of(change)]
    return plan()


def _form_of(change: JsonObject) -> str:
    return next(name for name in _FORMS if change.get(name) not in (None, False))


@dataclass(frozen=True, slots=True)
class _Planner:
    index: int
    document_id: str
    change: JsonObject
    values: DocumentValues
    earlier: Sequence[PlannedStructure]

    def delete(self, gone: Gone, seen: Callable[[str], str | None]) -> PlannedStructure | Fault:
        name, identity = wanted_gone(self.change)
        row = str(self.change.get("row", ""))
        found = self._to_delete(name, identity)
        table = self.values.table(identity) if name == "table_id" else None
        if not found and (table is None or row):
            if (identity, row) in gone:
                return self._planned("delete", identity, "already deleted", "")
            described = f"row {row} of table {quoted_text(identity)}" if row else quoted_text(identity)
            return self._fault(f".{name}: {described} is not in the document")
        if len(found) > 1 and name != "table_id":
            return self._fault(f".{name}: {quoted_text(identity)} occurs {len(found)} times in the document")
        if changed := self._changed(found, seen):
            return changed
        if name == "table_id" and table is not None and not row:
            whole: JsonObject = {"page_id": table.page.id, "table_id": identity}
            calls = [("deleteTable", {**whole, "expected_value": str(len(table.cells))})]
            return self._planned(
                "delete", identity, "delete the table", _in_rows(found), calls, found, identity
            )
        calls = [_deletion(each) for each in found]
        if name == "table_id":
            title = f"delete row {row}"
            return self._planned(
                "delete", f"{identity} row {row}", title, _in_rows(found), calls, found, identity
            )
        title = f"delete the {found[0].kind} {found[0].name}"
        return self._planned("delete", identity, title, found[0].text, calls, found, found[0].table_id)

    def add_field(self) -> PlannedStructure | Fault:
        page = self._page()
        if isinstance(page, Fault):
            return page
        name, text = str(self.change["field_name"]), str(self.change["value"])
        same = [each for each in self.values.fields if (each.name, each.text) == (name, text)]
        arguments: JsonObject = {"page_id": page, "field_name": name, "value": text, **self._status()}
        if "bbox" in self.change:
            arguments["bbox"] = self.change["bbox"]
        calls = [] if any(each.page_id == page for each in same) else [("addFieldValue", arguments)]
        return self._planned("add", f"changes.{self.index}", f"add the field {name}", text, calls)

    def add_cells(self) -> PlannedStructure | Fault:
        table = self._table()
        if isinstance(table, Fault):
            return table
        wanted = self._columns(table, cast("dict[str, str]", self.change["cells"]))
        if isinstance(wanted, Fault):
            return wanted
        row = self._row(table, wanted)
        there = {each.column: each for each in table.cells if each.row == row}
        texts = {column: text for column, (_, text) in wanted.items()}
        for column, text in texts.items():
            if column in there and not same_as_read(there[column].text, text):
                now, identity = quoted_text(there[column].text), there[column].id
                return self._fault(
                    f".cells: row {row} already has {now} in this column; correct it with cell_id {identity}"
                )
        calls: list[tuple[str, JsonObject]] = []
        for column, (header, text) in wanted.items():
            if column not in there:
                ids: JsonObject = {
                    "page_id": table.page.id,
                    "table_id": table.id,
                    "row": row,
                    "col": column,
                }
                calls.append(("addTableCell", {**ids, "header": header, "text": text, **self._status()}))
        cells: JsonValue = [{"row": row, "text": text} for _, text in wanted.values()]
        return self._planned("add", f"changes.{self.index}", "add a row", cells, calls, (), table.id)

    def add_table(self) -> PlannedStructure | Fault:
        page = self._page()
        if isinstance(page, Fault):
            return page
        rows = cast("list[dict[str, str]]", self.change["rows"])
        headers = list(dict.fromkeys(header for row in rows for header in row))
        status = self._status()
        cells: list[JsonValue] = [
            {"row": row, "col": headers.index(header), "header": header, "text": text, **status}
            for row, entries in enumerate(rows)
            for header, text in entries.items()
        ]
        texts = sorted((row, header, text) for row, each in enumerate(rows) for header, text in each.items())
        same = [each for each in self.values.tables if each.page.id == page and _texts(each) == texts]
        arguments: JsonObject = {"page_id": page, "headers": [*headers], "cells": cells, **status}
        arguments["bbox"] = self.change["bbox"]
        calls = [] if same else [("addTable", arguments)]
        return self._planned("add", f"changes.{self.index}", "add a table", cells, calls)

    def mark_table(self) -> PlannedStructure | Fault:
        table = self._table()
        if isinstance(table, Fault):
            return table
        status = self._status()
        wanted = str(status["verification_status"])
        # What the service answers tells the status of the cells, and seldom that of the table.
        statuses = {each.status for each in table.cells} or {table.status}
        is_so = statuses == {wanted} and status.get("verification_message", table.message) == table.message
        arguments: JsonObject = {"page_id": table.page.id, "table_id": table.id, **status}
        calls = [] if is_so else [("verifyTable", arguments)]
        title = f"mark the table as {wanted}"
        return self._planned("mark", table.id, title, _in_rows(table.cells), calls, table.cells, table.id)

    def _planned(
        self,
        kind: Literal["add", "delete", "mark"],
        identity: str,
        title: str,
        in_words: JsonValue,
        calls: Sequence[tuple[str, JsonObject]] = (),
        values: Sequence[DocumentValue] = (),
        table_id: str = "",
    ) -> PlannedStructure:
        return PlannedStructure(
            self.index,
            self.document_id,
            kind,
            identity,
            title,
            in_words,
            tuple(calls),
            tuple(values),
            table_id,
        )

    def _fault(self, text: str, *, is_conflict: bool = False) -> Fault:
        return Fault(self.index, f"changes.{self.index}{text}", is_conflict)

    def _status(self) -> JsonObject:
        return {name: self.change[name] for name in _STATUS if name in self.change}

    def _to_delete(self, name: str, identity: str) -> list[DocumentValue]:
        if name == "table_id":
            table, row = self.values.table(identity), self.change.get("row")
            return [each for each in (table.cells if table else ()) if row in (None, each.row)]
        kind = "field" if name == "field_data_id" else "cell"
        return [each for each in self.values.values if each.kind == kind and each.id == identity]

    def _changed(self, found: Sequence[DocumentValue], seen: Callable[[str], str | None]) -> Fault | None:
        """The conflict of a deletion of what is not as it was expected or last read."""
        for each in found:
            expected = self.change.get("expected_value", seen(each.id))
            if isinstance(expected, str) and not same_as_read(each.text, expected):
                now, was = quoted_text(each.text), quoted_text(expected)
                whose = "expected" if "expected_value" in self.change else "you last read"
                return self._fault(f": the current value is {now}, {whose} {was}", is_conflict=True)
        return None

    def _page(self) -> str | Fault:
        """The page to add to: the one that is named, or the only one."""
        wanted, pages = self.change.get("page_id"), self.values.pages
        if wanted is None and len(pages) == 1:
            return pages[0].id
        if any(each.id == wanted for each in pages):
            return str(wanted)
        ids = ", ".join(f"{each.id} (page {each.number})" for each in pages[:5])
        actual = "nothing" if wanted is None else quoted_text(str(wanted))
        return self._fault(f".page_id: got {actual}, expected one of {ids}")

    def _table(self) -> DocumentTable | Fault:
        identity = str(self.change["table_id"])
        return self.values.table(identity) or self._fault(
            f".table_id: {quoted_text(identity)} is not in the document"
        )

    def _columns(self, table: DocumentTable, cells: dict[str, str]) -> dict[int, tuple[str, str]] | Fault:
        """The texts by the number of their column, with its header."""
        columns = {header: number for number, header in reversed(table.columns)}
        unknown = [header for header in cells if header not in columns]
        if unknown and columns:
            known = ", ".join(map(quoted_text, columns))
            return self._fault(f".cells: no column {quoted_text(unknown[0])}, expected {known}")
        columns = columns or {header: number for number, header in enumerate(cells)}
        return {columns[header]: (header, text) for header, text in cells.items()}

    def _row(self, table: DocumentTable, wanted: dict[int, tuple[str, str]]) -> int:
        """The row that is named, the one that has these cells or some of them and no others, or a new one."""
        if "row" in self.change:
            return cast("int", self.change["row"])
        rows: dict[int, dict[int, str]] = {}
        for each in table.cells:
            rows.setdefault(each.row or 0, {})[each.column or 0] = each.text
        for row, texts in rows.items():
            if all(
                column in wanted and same_as_read(text, wanted[column][1]) for column, text in texts.items()
            ):
                return row
        taken = {
            cast("int", arguments["row"])
            for each in self.earlier
            if each.kind == "add" and each.table_id == table.id
            for _, arguments in each.calls
        }
        return max([*rows, *taken], default=-1) + 1


def _deletion(value: DocumentValue) -> tuple[str, JsonObject]:
    arguments: JsonObject = {"page_id": value.page_id, "expected_value": value.text}
    if value.kind == "field":
        return "deleteFieldValue", {**arguments, "field_data_id": value.id}
    return "deleteTableCell", {**arguments, "table_id": value.table_id, "cell_id": value.id}


def _in_rows(cells: Sequence[DocumentValue]) -> list[JsonValue]:
    """Cells as a person is shown them: by row, in the order of the columns."""
    ordered = sorted(cells, key=lambda each: (each.row or 0, each.column or 0))
    return [{"row": each.row, "text": each.text} for each in ordered]


def _texts(table: DocumentTable) -> list[tuple[Any, ...]]:
    return sorted((each.row or 0, each.name, each.text) for each in table.cells)
