"""Which tables a server needs in PostgreSQL. `docreview-mcp migrate` makes them; a server makes none."""

from __future__ import annotations

__all__ = ["READ_VERSION", "SCHEMA_VERSION", "VERSION_TABLE", "WrongTablesError", "fault_of_version"]

SCHEMA_VERSION = "0005"
"""The newest change of the tables. Changes only add, so a server works with newer tables as well."""

VERSION_TABLE = "docreview_version"
READ_VERSION = f"SELECT max(version_num) FROM {VERSION_TABLE}"


class WrongTablesError(Exception):
    """The tables are not those of this version; the message says what to do."""


def fault_of_version(version: str | None) -> str:
    """Why a server cannot work with tables of this version, None if there are none; empty if it can."""
    if version is not None and version >= SCHEMA_VERSION:
        return ""
    found = (
        "the tables of this version are missing" if version is None else "its tables are of an older version"
    )
    return f"{found}; run docreview-mcp migrate with the same DOCREVIEW_JOURNAL"
