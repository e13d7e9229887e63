"""What prompts are made of, and the steps that several of them have.

A step has several ways. The first one whose tools can all be called is taken, and the last one often needs no
tool: it says what cannot be done here. Names in braces stand for what the person gave.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "APPROVE",
    "CHECK",
    "CORRECT",
    "LOOK",
    "REPORT",
    "SHOW",
    "Alternative",
    "PlanArgument",
    "PromptPlan",
    "PromptStep",
    "step",
]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to do a step, and the tools that it needs."""

    text: str
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptStep:
    """One step. It is left out where no way can be gone.

    It is also left out where the argument `only_with` was not given, or one of `only_without` was, and where
    the tool `unless` can be called, which does the same in another step.
    """

    alternatives: tuple[Alternative, ...]
    only_with: str = ""
    only_without: tuple[str, ...] = ()
    unless: str = ""


@dataclass(frozen=True, slots=True)
class PlanArgument:
    """What the person can give, and how the text says it: `given` holds `{value}`, `missing` is for nothing.

    `max_number` makes it a whole number from 1 to that; `is_text` fences it in as untrusted text.
    """

    name: str
    description: str
    given: str = "{value}"
    missing: str = ""
    required: bool = False
    max_number: int = 0
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """One prompt. It is offered where at least one of the tools in `needs` can be called."""

    name: str
    title: str
    description: str
    needs: tuple[str, ...]
    arguments: tuple[PlanArgument, ...]
    aim: str
    steps: tuple[PromptStep, ...]


def step(
    *alternatives: Alternative, only_with: str = "", only_without: tuple[str, ...] = (), unless: str = ""
) -> PromptStep:
    """A step with its alternatives in order."""
    return PromptStep(alternatives, only_with, only_without, unless)


LOOK = step(
    Alternative(
        "For each doubtful value, call review_region with its field_data_id or cell_id and read what the"
        " page really says.",
        ("review_region",),
    ),
    Alternative("The page cannot be viewed here: ask the person what the doubtful values should be."),
)
CHECK = step(
    Alternative(
        "Call review_check with the workflow_id and the document as document_ids: it returns the"
        " inconsistencies, the value that is most likely wrong, and what it should be. Do not calculate"
        " anything yourself.",
        ("review_check",),
    ),
)
SHOW = step(
    Alternative(
        "Show the person a short table of the doubtful values: name, current value, what the page says, your"
        " proposal. Say which ones you cannot read; do not guess."
    )
)
CORRECT = step(
    Alternative(
        "When the person agrees, send all corrections and verifications of a document in one review_apply,"
        " each with expected_value (the value that you read) and a reason. To show a change in advance, call"
        " review_preview with nanonets_update_field.",
        ("review_apply", "review_preview", "nanonets_update_field"),
    ),
    Alternative(
        "When the person agrees, send all corrections and verifications of a document in one review_apply,"
        " each with expected_value (the value that you read) and a reason.",
        ("review_apply",),
    ),
    Alternative(
        "When the person agrees, correct each value with nanonets_update_field (cells:"
        " nanonets_update_cell), with expected_value (the value that you read) and a reason.",
        ("nanonets_update_field", "nanonets_update_cell"),
    ),
    Alternative(
        "Values cannot be changed here: give the person the list of corrections, and say that none of them"
        " was made."
    ),
)
APPROVE = step(
    Alternative(
        "Before you approve anything, name the files and ask the person whether all values are right and"
        " exactly these files should be approved. Only after a clear yes, call review_files with action"
        " approve (model_id is the workflow_id, file_ids are the document_ids).",
        ("review_files",),
    ),
    Alternative(
        "Before you approve anything, name the files and ask the person whether all values are right and"
        " exactly these files should be approved. Only after a clear yes, call nanonets_approve_file for"
        " each (model_id is the workflow_id, request_file_id the document_id).",
        ("nanonets_approve_file",),
    ),
    Alternative("Nothing can be approved here: tell the person which documents are ready for approval."),
)
REPORT = step(
    Alternative(
        "At the end, report each change with its old and new value and its journal entry (docreview.entry of"
        " the result; done in review_apply and review_files), the approved files, and the open ones. If the"
        " person wants a change undone, pass its entry to review_undo.",
        ("review_undo",),
    ),
    Alternative("At the end, report your findings, the changes, and what is still open."),
)
