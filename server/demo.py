"""The main job, shown: an agent's client reviews documents through a real server over stdio, on the sandbox.

Every step reads back what it changed. The demo ends with status 0 only if each step did what it says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import anyio
from mcp import Client, StdioServerParameters
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

__all__ = ["run_demo"]

Answer = dict[str, Any]

_LOOKS_SHOWN = 2
_ID_LENGTH, _ID_SHOWN = 36, 8
_AMOUNTS = ("subtotal", "tax_amount", "total_amount")
_REVIEWS = (
    "The room was spotless and quiet. Breakfast was cold and the waiter was rude.",
    "Great location next to the station, but the Wi-Fi never worked.",
)


class DemoProblem(Exception):  # noqa: N818 - the demo's own word for a step that went wrong
    """A step did not do what it says."""


class _ReaderGone(DemoProblem):
    """Nobody reads the transcript any more (`| head`)."""


class _Screen(Console):
    """The terminal or pipe. What rich raises for a broken pipe, `SystemExit`, no task group can bear."""

    def on_broken_pipe(self) -> None:
        """Write nothing more, not at exit either, and end the demo."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _ReaderGone


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A document whose amounts do not add up, and the value that would make them."""

    document: Answer
    page_id: str
    field_name: str
    field: Answer
    right_value: str


class _Transcript:
    """Calls tools and tells what happens, for a person to read."""

    def __init__(self, client: Client, pause: float) -> None:
        self._client = client
        self._pause = pause
        self._console = _Screen(highlight=False)
        self.calls = 0

    def step(self, text: str) -> None:
        """A step of the story."""
        self._print(Text(f"\n{text}", style="bold"))

    def found(self, text: str) -> None:
        """What a step showed."""
        self._print(Text(text), 2)

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """One tool call; raises `DemoProblem` if it fails."""
        await self._announce(tool, arguments)
        return await self.call_silently(tool, **arguments)

    async def call_silently(self, tool: str, **arguments: Any) -> Answer:
        """The same without a word."""
        result = await self._client.call_tool(tool, arguments)
        self.calls += 1
        answer = cast("Answer", result.structured_content)
        if result.is_error:
            raise DemoProblem(f"{tool} failed: {answer['error']['message']}")
        return answer

    async def refused(self, tool: str, code: str, **arguments: Any) -> Answer:
        """A call that has to fail with this code; raises `DemoProblem` if it does not."""
        await self._announce(tool, arguments)
        result = await self._client.call_tool(tool, arguments)
        self.calls += 1
        answer = cast("Answer", result.structured_content)
        if not result.is_error or answer["error"]["code"] != code:
            raise DemoProblem(f"{tool} was expected to be refused as {code}")
        return answer["error"]

    async def _announce(self, tool: str, arguments: Answer) -> None:
        await anyio.sleep(self._pause)
        shown = ", ".join(f"{name}={_brief(value)}" for name, value in arguments.items())
        self._print(Text.assemble((f"→ {tool}", "cyan"), f"({shown})"), 2)

    def _print(self, text: Text, indent: int = 0) -> None:
        """On a terminal long lines are wrapped at words, elsewhere they stay whole."""
        if self._console.is_terminal:
            self._console.print(Padding.indent(text, indent) if indent else text)
        else:
            self._console.print(Text(" " * indent) + text, soft_wrap=True)


def run_demo(pause: float = 0.0) -> int:
    """Run the demo with `pause` seconds before each call. Gives 0 if every step did what it says."""
    try:
        anyio.run(_run, max(0.0, pause))  # in this order also for nan
    except BaseExceptionGroup as group:
        problem = next(_problems(group), None)
        if problem is None:
            raise
        if not isinstance(problem, _ReaderGone):
            sys.stderr.write(f"docreview-mcp demo: {problem}\n")
        return 1
    return 0


async def _run(pause: float) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "docreview_mcp.server", "stdio", "--sandbox"]
    )
    async with Client(server) as client:
        transcript = _Transcript(client, pause)
        transcript.step("A client starts docreview over stdio, on the sandbox (made-up data, no account)")
        tools = await client.list_tools()
        transcript.found(f"{len(tools.tools)} tools are offered")
        await _review_an_invoice(transcript)
        await _see_what_is_refused(transcript)
        await _analyse_reviews(transcript)
        transcript.step(f"Done: {transcript.calls} tool calls, and each did what it says")


async def _review_an_invoice(transcript: _Transcript) -> None:
    transcript.step("1. Which documents wait for a review?")
    workflows = (await transcript.call("nanonets_list_workflows"))["workflows"]
    workflow = next(each for each in workflows if "invoice" in each["description"])
    workflow_id = workflow["id"]
    listed = (await transcript.call("nanonets_list_documents", workflow_id=workflow_id, limit=100))[
        "documents"
    ]
    waiting = [each for each in listed if each["verification_stage"] == "validation passed"]
    transcript.found(
        f"{len(listed)} invoices, {len(waiting)} of them passed validation and wait for a person"
    )

    transcript.step("2. Read them until one does not add up")
    doubt = await _find_doubt(transcript, workflow_id, waiting)
    document_id = doubt.document["document_id"]
    transcript.found(
        f"{doubt.document['original_document_name']}: {doubt.field_name} reads"
        f" {doubt.field['value']} ({doubt.field['confidence']} sure), the sum is {doubt.right_value}"
    )

    transcript.step("3. Correct the value, and verify it with a note")
    where = {"workflow_id": workflow_id, "document_id": document_id, "page_id": doubt.page_id}
    field_id = doubt.field["field_data_id"]
    await transcript.call("nanonets_update_field", **where, field_data_id=field_id, value=doubt.right_value)
    await transcript.call(
        "nanonets_verify_field",
        **where,
        field_data_id=field_id,
        verification_status="verified",
        verification_message="Recalculated from subtotal and tax",
    )
    field = await _read_field(transcript, workflow_id, document_id, field_id)
    _expect(field["value"] == doubt.right_value, "the corrected value is not there")
    _expect(field["verification_status"] == "verified", "the field is not verified")
    transcript.found(f"read back: {field['value']}, {field['verification_status']}, corrected by hand")

    transcript.step("4. Verify the whole document and approve the file")
    await transcript.call(
        "nanonets_verify_document",
        workflow_id=workflow_id,
        document_id=document_id,
        verification_status="verified",
    )
    file = {"model_id": workflow_id, "request_file_id": document_id}
    await transcript.call("nanonets_approve_file", **file)
    pages = (await transcript.call("nanonets_get_file", **file))["moderated_images"]
    _expect(bool(pages) and all(page["is_moderated"] for page in pages), "the file is not approved")
    transcript.found(f"read back: approved, {len(pages)} {'page' if len(pages) == 1 else 'pages'} moderated")


async def _see_what_is_refused(transcript: _Transcript) -> None:
    transcript.step("5. A call that makes no sense is refused before anything is sent")
    error = await transcript.refused(
        "nanonets_approve_file", "invalid_arguments", model_id="..", request_file="x"
    )
    transcript.found(f"{error['code']}: {error['message']}")


async def _analyse_reviews(transcript: _Transcript) -> None:
    transcript.step("6. Studio: run an ad-hoc analysis of two hotel reviews")
    models = (await transcript.call("studio_list_models", type="ABSA", limit=10))["models"]
    ready = next(each for each in models if each["status"] in ("READY", "ACTIVE", "PUBLISHED"))
    transcript.found(f"model {ready['id']}: {ready['display_name']}")
    answer = await transcript.call(
        "studio_run_adhoc_analysis",
        model_id=ready["id"],
        documents=[{"text": text} for text in _REVIEWS],
        split=True,
    )
    tags = 0
    for text, document in zip(_REVIEWS, answer["documents"], strict=True):
        for segment in document["segments"]:
            start, end = segment["span"]
            _expect(text[start:end] == segment["text"], "a segment does not stand where its span says")
            found = ", ".join(f"{tag['class']} {tag['label']}" for tag in segment["tags"]) or "-"
            tags += len(segment["tags"])
            transcript.found(segment["text"].strip())
            transcript.found(f"  {found}")
    _expect(tags > 0, "the analysis found nothing")


async def _find_doubt(transcript: _Transcript, workflow_id: str, waiting: list[Answer]) -> _Doubt:
    for looks, entry in enumerate(waiting, 1):
        look = transcript.call if looks <= _LOOKS_SHOWN else transcript.call_silently
        document = await look(
            "nanonets_get_document", workflow_id=workflow_id, document_id=entry["document_id"]
        )
        for page in document["pages"]:
            doubt = _wrong_total(document, page)
            if doubt is not None:
                if looks > _LOOKS_SHOWN:
                    transcript.found(f"… and {looks - _LOOKS_SHOWN} more")
                return doubt
    raise DemoProblem("every invoice adds up, so there is nothing to correct")


def _wrong_total(document: Answer, page: Answer) -> _Doubt | None:
    fields = {name: found[0] for name, found in page["data"]["fields"].items() if found}
    amounts = {name: _amount(fields[name]["value"]) for name in _AMOUNTS if name in fields}
    if len(amounts) < len(_AMOUNTS) or any(value is None for value in amounts.values()):
        return None
    subtotal, tax, total = (cast("Decimal", amounts[name]) for name in _AMOUNTS)
    if subtotal + tax == total:
        return None
    doubtful = min(_AMOUNTS, key=lambda name: fields[name]["confidence"])
    right = {"subtotal": total - tax, "tax_amount": total - subtotal, "total_amount": subtotal + tax}[
        doubtful
    ]
    return _Doubt(document, page["page_id"], doubtful, fields[doubtful], f"{right:,.2f}")


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


async def _read_field(transcript: _Transcript, workflow_id: str, document_id: str, field_id: str) -> Answer:
    document = await transcript.call(
        "nanonets_get_document", workflow_id=workflow_id, document_id=document_id
    )
    every = (
        field
        for page in document["pages"]
        for found in page["data"]["fields"].values()
        for field in found
        if field["field_data_id"] == field_id
    )
    field = next(every, None)
    _expect(field is not None, "the field is gone")
    return cast("Answer", field)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoProblem(otherwise)


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(cast('list[object]', value))} items]"
    if isinstance(value, str) and len(value) == _ID_LENGTH and value.count("-") == 4:
        return f"'{value[:_ID_SHOWN]}…'"
    return repr(value)


def _problems(group: BaseExceptionGroup[BaseException]) -> Iterator[DemoProblem]:
    for error in group.exceptions:
        if isinstance(error, DemoProblem):
            yield error
        if isinstance(error, BaseExceptionGroup):
            yield from _problems(cast("BaseExceptionGroup[BaseException]", error))
