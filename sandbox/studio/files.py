"""Files with documents, classes or labels: read from csv, txt, json, jsonl and xlsx, written as the same."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, cast
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..service import Download, Refusal, UploadedFile
from .records import Table

__all__ = ["preview_of", "read_table", "records_of", "texts_in", "write_table"]

PREVIEW_ROWS = 5
MAX_CELLS_BYTES = 20_000_000
TEXT_COLUMNS = ("text", "document", "documents", "review", "reviews", "content", "message", "body", "comment")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORBIDDEN_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
CONTENT_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def read_table(file: UploadedFile) -> Table:
    """The rows of an uploaded file."""
    kind = PurePath(file.file_name).suffix.casefold().removeprefix(".")
    try:
        match kind:
            case "csv":
                return Table(read_csv(decoded(file.content)))
            case "txt":
                lines = [line.strip() for line in decoded(file.content).splitlines()]
                return Table([[line] for line in lines if line])
            case "json":
                return from_records(unwrapped(json.loads(decoded(file.content))))
            case "jsonl":
                lines = decoded(file.content).splitlines()
                return from_records([json.loads(line) for line in lines if line.strip()])
            case "xlsx":
                return Table(read_xlsx(file.content))
            case _:
                pass
    except (ValueError, KeyError, csv.Error, zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise Refusal(
            400, "invalid_request", f"{file.file_name} is not a readable {kind} file: {error}"
        ) from error
    raise Refusal(400, "invalid_request", "The file must be csv, txt, json, jsonl or xlsx.")


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_csv(text: str) -> list[list[str | None]]:
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first_line.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [[cell if cell else None for cell in row] for row in rows if any(row)]


def unwrapped(value: Any) -> list[Any]:
    """The list in a JSON file: the file itself, or the one list that its object holds."""
    if isinstance(value, dict):
        parts: list[Any] = list(cast("dict[str, Any]", value).values())
        lists: list[Any] = [part for part in parts if isinstance(part, list)]
        if len(lists) != 1:
            raise ValueError("a list of objects is expected")
        return cast("list[Any]", lists[0])
    if not isinstance(value, list):
        raise ValueError("a list of objects is expected")
    return cast("list[Any]", value)


def from_records(values: list[Any]) -> Table:
    records: list[dict[str, Any]] = []
    for value in values:
        if isinstance(value, str):
            records.append({"text": value})
        elif isinstance(value, dict):
            records.append(cast("dict[str, Any]", value))
        else:
            raise ValueError("each entry must be an object or a text")
    header = list(dict.fromkeys(name for record in records for name in record))
    return Table([[as_cell(record.get(name)) for name in header] for record in records], header, records)


def as_cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def read_xlsx(content: bytes) -> list[list[str | None]]:
    """The cells of the first sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        if sum(entry.file_size for entry in book.infolist()) > MAX_CELLS_BYTES:
            raise ValueError("too large")
        names = book.namelist()
        shared: list[str] = []
        if "xl/sharedStrings.xml" in names:
            strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            shared = ["".join(part.text or "" for part in entry.iter(f"{SHEET}t")) for entry in strings]
        sheets = sorted(name for name in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name))
        if not sheets:
            raise ValueError("it has no sheet")
        sheet = ElementTree.fromstring(book.read(min(sheets, key=len)))
    rows: list[list[str | None]] = []
    for row in sheet.iter(f"{SHEET}row"):
        cells: list[str | None] = []
        for cell in row.iter(f"{SHEET}c"):
            column = column_number(cell.get("r", "")) if cell.get("r") else len(cells)
            cells.extend([None] * (column - len(cells)))
            cells.append(cell_value(cell, shared))
        if any(cells):
            rows.append(cells)
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def column_number(reference: str) -> int:
    number = 0
    for letter in re.sub(r"[^A-Z]", "", reference.upper()):
        number = number * 26 + ord(letter) - ord("A") + 1
    return min(number, 16_384) - 1


def cell_value(cell: ElementTree.Element, shared: Sequence[str]) -> str | None:
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{SHEET}t")) or None
    value = cell.findtext(f"{SHEET}v")
    return shared[int(value)] if value is not None and cell.get("t") == "s" else value


def preview_of(table: Table) -> list[list[str | None]]:
    """The first rows, the header before them where the format has one."""
    rows: list[list[str | None]] = [[*table.header]] if table.header else []
    return [*rows, *table.rows][: PREVIEW_ROWS + 1]


def records_of(table: Table, header_first: bool = True) -> list[dict[str, Any]]:
    """The rows as objects named by the header; without one the columns are called column_0 and so on."""
    if table.records:
        return table.records
    if not table.rows:
        return []
    rows = table.rows
    if header_first and len(rows) > 1:
        header = [cell or f"column_{column}" for column, cell in enumerate(rows[0])]
        rows = rows[1:]
    else:
        header = [f"column_{column}" for column in range(max(len(row) for row in rows))]
    return [dict(zip(header, row, strict=False)) for row in rows]


def texts_in(
    table: Table, column: int | None, column_name: str | None, header_first: bool | None
) -> list[tuple[str, dict[str, Any]]]:
    """The texts of the chosen column, each with the other columns as its further attributes."""
    one_column = all(len(row) == 1 for row in table.rows) and not table.header
    with_header = header_first if header_first is not None else not one_column or column_name is not None
    records = records_of(table, with_header)
    if not records:
        raise Refusal(400, "invalid_request", "The file holds no documents.")
    names = list(table.header or records[0])
    if column_name is not None:
        if column_name not in names:
            raise Refusal(
                400, "invalid_request", f"There is no column {column_name}. Columns: {', '.join(names)}."
            )
        chosen = column_name
    elif column is not None:
        if not 0 <= column < len(names):
            raise Refusal(400, "invalid_request", f"There is no column {column}. The file has {len(names)}.")
        chosen = names[column]
    else:
        likely = [name for name in names if name.casefold() in TEXT_COLUMNS]
        if not likely and len(names) > 1:
            raise Refusal(400, "invalid_request", f"Choose a column: {', '.join(names)}.")
        chosen = likely[0] if likely else names[0]
    return [
        (
            str(record[chosen]),
            {name: value for name, value in record.items() if name != chosen and value is not None},
        )
        for record in records
        if str(record.get(chosen) or "").strip()
    ]


def write_table(name: str, kind: str | None, records: Sequence[dict[str, Any]]) -> Download:
    """The records as a file of the kind asked for, csv where none was."""
    kind = kind or "csv"
    header = list(dict.fromkeys(key for record in records for key in record)) or ["text"]
    rows = [[as_cell(record.get(key)) or "" for key in header] for record in records]
    match kind:
        case "json":
            content = json.dumps(list(records), ensure_ascii=False, indent=2).encode()
        case "jsonl":
            content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        case "xlsx":
            content = written_xlsx([header, *rows])
        case "csv":
            text = io.StringIO(newline="")
            csv.writer(text).writerows([header, *rows])
            content = text.getvalue().encode()
        case _:
            raise Refusal(
                400, "invalid_request", f"The format {kind} is not known: csv, json, jsonl or xlsx."
            )
    return Download(content, CONTENT_TYPES[kind], f"{name}.{kind}")


def written_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook of one sheet, as small as the format allows."""
    main = SHEET.strip("{}")
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    cells = "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t>{escape(FORBIDDEN_IN_XML.sub(" ", cell))}</t></is></c>' for cell in row
        )
        + "</row>"
        for row in rows
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{spreadsheet}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{spreadsheet}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            moment = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            book.writestr(moment, content)
    return target.getvalue()
