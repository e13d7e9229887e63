"""Recipes: short conversations whose calls and answers are recorded on the sandbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .recording import Recording, Session, connected_session, shown_json, yesterday
from .sample import sample_values

__all__ = ["RECIPES", "Recipe", "render_recipe"]

_LINES = 24


@dataclass(slots=True)
class Conversation:
    """Messages and calls, in order."""

    session: Session
    parts: list[str | Recording] = field(default_factory=list[str | Recording])

    def say(self, text: str) -> None:
        """A sentence of the page."""
        self.parts.append(text)

    async def call(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """A call that the page shows."""
        answer = await self.session.call(tool, **arguments)
        self.parts.append(self.session.calls[-1])
        return answer


@dataclass(frozen=True, slots=True)
class Recipe:
    """A page: its file, title, what it is for, what the user asks, and the conversation.

    `tell` gives the last answer of the agent.
    """

    name: str
    title: str
    purpose: str
    prompt: str
    tell: Callable[[Conversation], Awaitable[str]]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def _review_queue(talk: Conversation) -> str:
    talk.say("The agent lists the documents with doubtful values, the least confident first.")
    queue = await talk.call("review_queue", kinds=["document"], order="least_confident", limit=3)
    first = queue["entries"][0]
    talk.say("It reads the first one; doubtful values only.")
    ids = {name: first[name] for name in ("workflow_id", "document_id")}
    read = await talk.call("review_document", **ids, show="doubtful")
    values = read["fields"]
    doubtful = ", ".join(
        f"`{each['name']}` reads “{each['value']}” ({each['confidence']})" for each in values
    )
    return (
        f"{queue['total']} documents wait. The least certain is {first['name']} with"
        f" {first['doubtful']} doubtful of {first['unverified']} unverified values:"
        f" {doubtful}. Should I show you the page?"
    )


async def _correct_and_approve(talk: Conversation) -> str:
    ids = _invoice(talk)
    talk.say("The agent checks the sums. The check names the value that is wrong and what it should be.")
    checked = await talk.call(
        "review_check", workflow_id=ids["workflow_id"], document_ids=[ids["document_id"]]
    )
    finding = checked["documents"][0]["findings"][0]
    talk.say("It looks at the page, then corrects and verifies the value in one call.")
    await talk.call("review_region", **ids, field_data_id=finding["suspect"])
    wrong = finding["values"][0][1]
    change = {
        "field_data_id": finding["suspect"],
        "value": finding["expected"],
        "expected_value": wrong,
        "verification_status": "verified",
    }
    await talk.call("review_apply", **ids, changes=[change], reason="Subtotal plus tax")
    talk.say("Every value is now confident or verified, so the approval can follow.")
    approved = await talk.call(
        "review_files", action="approve", model_id=ids["workflow_id"], file_ids=[ids["document_id"]]
    )
    (entry,) = approved["done"].values()
    return (
        f"I corrected the total from {wrong} to {finding['expected']} and approved the file."
        f" The journal has both; entry {entry} is the approval. I can undo them."
    )


async def _wrong_total(talk: Conversation) -> str:
    ids = _invoice(talk)
    talk.say("The agent runs the checks for all invoices of the workflow in one call.")
    checked = await talk.call("review_check", workflow_id=ids["workflow_id"], checks=["total"])
    found = [
        f"{each['name']}: {finding['message']}"
        for each in checked["documents"]
        for finding in each["findings"]
    ]
    talk.say("It asks for the image of the suspect value, to compare it with the sums.")
    await talk.call("review_region", **ids, field_data_id=checked["documents"][0]["findings"][0]["suspect"])
    return (
        f"I checked {checked['checked']} invoices. {len(checked['documents'])} of them"
        f" {'has a total that does' if len(found) == 1 else 'have totals that do'} not add up."
        f" {found[0]}. Nothing was changed."
    )


async def _label_texts(talk: Conversation) -> str:
    ids = {"kind": "labeling_session", "project_id": 1, "id": 103}
    talk.say("The agent reads the open texts of the session with the tags that it may use.")
    read = await talk.call("review_texts", **ids, show="open", limit=2)
    text = read["texts"][0]
    segment = next(each for each in text["segments"] if "buffet" in each["text"])
    talk.say("It tags the segment about breakfast and closes the text, in one call.")
    tagged = await talk.call(
        "review_tag",
        **ids,
        changes=[
            {"segment_id": segment["segment_id"], "tags": [{"class": "Breakfast", "label": "NEG"}]},
            {"document_id": text["document_id"], "done": True},
        ],
    )
    return (
        f"I tagged “{segment['text'].strip()}” as Breakfast, NEG and closed the text."
        f" {len(tagged['done'])} changes were made; {read['counts']['open'] - 1} texts are still open."
    )


async def _undo_yesterday(talk: Conversation) -> str:
    ids = _invoice(talk)
    known = sample_values(talk.session.sandbox)
    # What was done "yesterday" is not shown: the page begins with the question.
    change = {"field_data_id": known["field_data_id"], "value": "77.00"}
    await talk.session.call("review_apply", **ids, changes=[change])
    talk.say("The agent looks at what was changed and by whom.")
    history = await talk.call("review_history", since=yesterday())
    talk.say("It previews the undo: what would be sent, and what stands against it.")
    await talk.call("review_preview", tool="review_undo", arguments={"since": yesterday()})
    talk.say("You agree, and it undoes the changes, the newest first.")
    undone = await talk.call("review_undo", since=yesterday(), reason="Wrong document")
    before = history["entries"][0]["before"]["value"]
    return (
        f"{len(undone['calls'])} change was undone; `total_amount` is {before} again. The journal keeps both."
    )


async def _sentiment_report(talk: Conversation) -> str:
    talk.say("The agent finds the finished analysis.")
    listed = await talk.call("studio_list_analyses", limit=50)
    analysis = next(
        each for each in listed["items"] if each["status"] == "FINISHED" and each["type"] == "ABSA"
    )
    talk.say("It counts the tags by class and label; no text has to be read for that.")
    table = await talk.call("review_table", analysis_id=analysis["id"])
    praised = max(table["rows"], key=lambda row: row[1])
    criticized = max(table["rows"], key=lambda row: row[2])
    return (
        f"“{analysis['name']}” has {table['texts']} texts with {table['tags']} tags."
        f" Guests praise {praised[0]} most"
        f" ({praised[1]} of {praised[4]} mentions) and complain most about {criticized[0]}"
        f" ({criticized[2]} of {criticized[4]})."
    )


def _invoice(talk: Conversation) -> dict[str, str]:
    known = sample_values(talk.session.sandbox)
    return {"workflow_id": known["workflow_id"], "document_id": known["document_id"]}


RECIPES: Sequence[Recipe] = (
    Recipe(
        "review-a-queue",
        "Review a queue",
        "See what waits for a person, and begin with the least certain document.",
        "What is waiting for review? Start with the document you trust least.",
        _review_queue,
    ),
    Recipe(
        "correct-and-approve",
        "Correct and approve a document",
        "Correct a value, verify it and approve the file.",
        "Check invoice-003.pdf. Correct what is wrong and approve it.",
        _correct_and_approve,
    ),
    Recipe(
        "find-a-wrong-total",
        "Find a wrong total",
        "Let the server do the sums for a whole workflow.",
        "Do the totals of our invoices add up? Don't change anything.",
        _wrong_total,
        {"read_only": True},
    ),
    Recipe(
        "label-texts",
        "Label texts",
        "Work through a labeling session of Studio.",
        "Continue labeling session 103 of the hotel reviews.",
        _label_texts,
    ),
    Recipe(
        "undo-yesterdays-work",
        "Undo yesterday's work",
        "Find and take back what an agent changed.",
        "Show me what you changed since yesterday, and undo it.",
        _undo_yesterday,
    ),
    Recipe(
        "sentiment-report",
        "Report on sentiment",
        "Count what a batch analysis of Studio found.",
        "What do our guests praise and complain about?",
        _sentiment_report,
        {"read_only": True},
    ),
)
"""The recipes in the order of the navigation."""


async def render_recipe(recipe: Recipe) -> str:
    """Hold the conversation on a fresh sandbox and give the page. Raises `RuntimeError` if a call fails."""
    async with connected_session(toolsets=(), **recipe.settings) as session:
        talk = Conversation(session)
        answer = await recipe.tell(talk)
    lines = [f"# {recipe.title}", "", recipe.purpose, ""]
    lines += ["Recorded on the sandbox; long answers are shortened.", "", f"> **You:** {recipe.prompt}"]
    for part in talk.parts:
        lines += ["", part] if isinstance(part, str) else _shown(part)
    lines += ["", f"> **Agent:** {answer}"]
    return "\n".join(lines) + "\n"


def _shown(recording: Recording) -> list[str]:
    if recording.is_error:
        raise RuntimeError(f"{recording.tool} failed: {recording.answer}")
    call, _ = shown_json(dict(recording.arguments))
    answer, _ = shown_json(dict(recording.answer), _LINES)
    beside = " and an image" if "image" in recording.beside else ""
    return [
        "",
        f"`{recording.tool}`",
        "",
        "```json",
        call,
        "```",
        "",
        f"returns{beside}",
        "",
        "```json",
        answer,
        "```",
    ]
