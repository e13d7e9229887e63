"""Check a check file, and try its checks on a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import click
from mcp import Client

from ...schemas import JsonObject
from ...tools.checks.checker import Checker
from ...tools.checks.expressions import Verdict
from ...tools.checks.own_check import OwnCheck
from ...tools.checks.paper import Paper
from ...tools.documents.values import values_of_document
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..services.upstream import secrets_known
from ..settings.check_file import CheckFileError, examine_check_file
from ..settings.settings import Settings

__all__ = ["check_file"]

_MAX_WORKFLOWS = 100


class _NoDocumentError(Exception):
    """The document that the checks should be tried on cannot be had."""


def check_file(settings: Settings, path: Path, document: str | None, workflow_id: str) -> int:
    """Print the faults of a check file, or what its checks say. Gives 1 for a fault or a failed check."""
    set_up_logging(settings.log_level, secrets_known(settings))
    try:
        file, faults = examine_check_file(path)
    except CheckFileError as error:
        faults, file = [*error.faults], None
    for fault in faults:
        click.echo(f"{path}: {fault}", err=True)
    if file is None or faults:
        return 1
    click.echo(f"{path}: {len(file.content.checks)} checks, no errors")
    if document is None:
        return 0

    given: Paper | None = None

    async def judge() -> tuple[list[str], list[tuple[OwnCheck, Verdict]]]:
        paper = given or await _paper_of_service(settings, document, workflow_id)
        checker = Checker(file.content)
        try:
            judgement = await checker.judge(paper)
            return [f"{each.check}: {each.message}" for each in judgement.findings], await checker.verdicts(
                paper
            )
        finally:
            await checker.close()

    try:
        is_file = Path(document).suffix == ".json" or Path(document).is_file()
        given = _paper_of_file(Path(document), workflow_id) if is_file else None
        found, results = anyio.run(judge)
    except _NoDocumentError as error:
        click.echo(f"docreview-mcp: {error}", err=True)
        return 2
    own = {check.name for check, _ in results}
    built_in = [each for each in found if each.partition(":")[0] not in own]
    return _show(results, built_in)


def _show(results: Sequence[tuple[OwnCheck, Verdict]], built_in: Sequence[str]) -> int:
    for check, result in results:
        reason = check.message if result.state == "failed" else result.message
        beside = f" {result.texts[0]!r}" if result.texts else ""
        detail = f" ({result.detail})" if result.detail else ""
        line = f"{reason}{beside}{detail}"
        click.echo(f"{result.state:<9}{check.name}" + (f": {line}" if line else ""))
    for each in built_in:
        click.echo(f"{'failed':<9}{each}")
    has_failed = bool(built_in) or any(result.state in ("failed", "unjudged") for _, result in results)
    return 1 if has_failed else 0


def _paper_of_file(file: Path, workflow_id: str) -> Paper:
    try:
        answer = cast("object", json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise _NoDocumentError(f"--document: {file}: {error}") from None
    if not isinstance(answer, dict):
        raise _NoDocumentError(f"--document: {file}: expected a JSON object with pages")
    document = cast("JsonObject", answer)
    return Paper.of(workflow_id, str(document.get("document_id", "")), document, values_of_document(document))


async def _paper_of_service(settings: Settings, document: str, workflow_id: str) -> Paper:
    every = {"toolsets": ("all",), "tools": (), "exclude_tools": (), "surface": "full"}
    without_rules = settings.model_copy(update={**every, "policy": None, "checks": None})
    async with Client(build_server(without_rules)) as client:
        places = [workflow_id] if workflow_id else await _workflows(client)
        for place in places:
            arguments = {"workflow_id": place, "document_id": document}
            result = await client.call_tool("nanonets_get_document", arguments)
            answer = cast("JsonObject", result.structured_content or {})
            if not result.is_error:
                return Paper.of(place, document, answer, values_of_document(answer))
    where = f"the workflow {workflow_id}" if workflow_id else f"{len(places)} workflows"
    raise _NoDocumentError(f"--document: got {document!r}, which is neither a file nor a document in {where}")


async def _workflows(client: Client) -> list[str]:
    result = await client.call_tool("nanonets_list_workflows", {"limit": _MAX_WORKFLOWS})
    if result.is_error:
        error = cast("dict[str, Any]", result.structured_content)["error"]
        raise _NoDocumentError(f"--document: {error['message']} {error['next']}")
    found = cast("dict[str, Any]", result.structured_content)
    return [str(each["id"]) for each in found.get("workflows", [])]
