"""The prompts as data: what to do, with which tools, in which order."""

from __future__ import annotations

from .prompt_steps import (
    APPROVE,
    CHECK,
    CORRECT,
    LOOK,
    REPORT,
    SHOW,
    Alternative,
    PlanArgument,
    PromptPlan,
    step,
)
from .studio_prompts import STUDIO_PLANS

__all__ = ["PLANS"]

PLANS = (
    PromptPlan(
        "review_one_document",
        "Review one document",
        "Check one Nanonets document against its page, correct it, and approve it if the person says so.",
        ("review_document", "nanonets_get_document"),
        (
            PlanArgument("workflow_id", "Workflow of the document.", required=True),
            PlanArgument("document_id", "The document.", required=True),
        ),
        "Review the Nanonets document {document_id} of workflow {workflow_id}.",
        (
            step(
                Alternative("Call review_document: doubtful values come first.", ("review_document",)),
                Alternative(
                    "Call nanonets_get_document, and find the values with a low confidence or a verification"
                    " message.",
                    ("nanonets_get_document",),
                ),
            ),
            CHECK,
            LOOK,
            SHOW,
            CORRECT,
            APPROVE,
            REPORT,
        ),
    ),
    PromptPlan(
        "work_through_queue",
        "Work through a queue",
        "Take the documents that wait for review one after the other.",
        ("review_queue", "nanonets_list_documents"),
        (
            PlanArgument("workflow_id", "Only this workflow.", "workflow {value}", "all workflows"),
            PlanArgument("how_many", "How many documents, 1 to 50; default 5.", missing="5", max_number=50),
        ),
        "Work through the documents that wait for review in {workflow_id}: {how_many} of them at most.",
        (
            step(
                Alternative(
                    "Call review_queue with kinds [document], order least_confident and limit {how_many};"
                    " give workflow_id if only one workflow is wanted.",
                    ("review_queue",),
                ),
                Alternative(
                    "Find the documents with nanonets_list_documents (workflows: nanonets_list_workflows):"
                    " those that failed validation or are not approved.",
                    ("nanonets_list_documents", "nanonets_list_workflows"),
                ),
            ),
            step(Alternative("Tell the person what waits, and take the documents one after the other:")),
            step(
                Alternative("Read it with review_document with show doubtful.", ("review_document",)),
                Alternative("Read it with nanonets_get_document.", ("nanonets_get_document",)),
                Alternative("Single documents cannot be read here: report the list and stop."),
            ),
            CHECK,
            LOOK,
            SHOW,
            CORRECT,
            APPROVE,
            REPORT,
        ),
    ),
    PromptPlan(
        "check_numbers",
        "Check what adds up",
        "Find the documents of a Nanonets workflow whose sums, taxes, dates or numbers do not fit.",
        ("review_check",),
        (PlanArgument("workflow_id", "The workflow.", required=True),),
        "Check the documents of the Nanonets workflow {workflow_id}.",
        (
            step(
                Alternative(
                    "Call review_check with workflow_id, and again with cursor as long as it gives one."
                    " Calculate nothing yourself.",
                    ("review_check",),
                ),
            ),
            step(
                Alternative(
                    "For each finding look at the suspect value with review_region, and read what really"
                    " stands on the page.",
                    ("review_region",),
                ),
            ),
            step(
                Alternative(
                    "Show the person a short table: file, what does not fit, the value now, what it should"
                    " be, what the page says. Name what could not be checked (not_checked, problems)."
                )
            ),
            CORRECT,
            REPORT,
        ),
    ),
    *STUDIO_PLANS,
)
"""All prompts, in the order in which they are listed."""
