"""What becomes of a table beside its rows: a file that is saved or attached, and a chart."""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread

from ...schemas import JsonObject
from ..guards.context import CallContext
from ..results.images import Picture
from ..results.result import Attachment
from .chart import ChartPanel, bars
from .files import CSV_TYPE, XLSX_TYPE, as_csv, as_xlsx
from .totals import MEASURES, Table

__all__ = ["as_file", "drawn"]

_KINDS: dict[str, tuple[str, Callable[[Table], bytes]]] = {
    "csv": (CSV_TYPE, as_csv),
    "xlsx": (XLSX_TYPE, as_xlsx),
}
_NAME = "review-table"


async def as_file(table: Table, kind: str, context: CallContext) -> tuple[JsonObject, Attachment | None]:
    """The table as a file: its description, and the file itself where the server may save none.

    Raises:
        ToolFailure: it cannot be saved.
    """
    content_type, make = _KINDS[kind]
    content = await anyio.to_thread.run_sync(make, table)
    name = f"{_NAME}.{kind}"
    path = await anyio.to_thread.run_sync(context.upstream.save_download, name, content)
    about: JsonObject = {"file_name": name, "bytes": len(content), "rows_in_file": len(table.rows)}
    if path is not None:
        return {"path": path, **about}, None
    return about, Attachment(name, content_type, content)


async def drawn(table: Table) -> Picture:
    """The table as bars: counts of classes and labels, or one measure for each group and currency."""
    return await anyio.to_thread.run_sync(bars, _panels(table))


def _panels(table: Table) -> list[ChartPanel]:
    measures = [name for name in table.columns if name in MEASURES]
    if not measures:
        return [_of_labels(table)]
    measure = next((name for name in measures if name != "count"), "count")
    at = table.columns.index(measure)
    currency = table.columns.index("currency") if "currency" in table.columns else None
    panels: dict[str, list[tuple[str, float]]] = {}
    for row in table.rows:
        group = "" if currency is None else str(row[currency])
        name = "all" if table.columns[0] in ("currency", *MEASURES) else str(row[0])
        if row[at] != "":
            panels.setdefault(group, []).append((name, float(row[at])))
    return [
        ChartPanel(
            f"{measure} {group}".strip(), [name for name, _ in rows], [(measure, [each for _, each in rows])]
        )
        for group, rows in panels.items()
    ] or [ChartPanel(measure, [], [(measure, [])])]


def _of_labels(table: Table) -> ChartPanel:
    """Each class with a bar for each label; what is counted in one way only has one bar."""
    last = table.columns.index("all")
    labels = table.columns[1:last] or ["all"]
    series = [
        (label, [float(row[table.columns.index(label)]) for row in table.rows])
        for label in dict.fromkeys(labels)
    ]
    return ChartPanel(f"{table.columns[0]} by number of tags", [str(row[0]) for row in table.rows], series)
