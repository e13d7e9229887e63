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
        "Check one Nanonets document against its page image, correct it, and approve it if the person"
        " agrees.",
        ("review_document", "nanonets_get_document"),
        (
            PlanArgument("workflow_id", "The document's workflow.", required=True),
            PlanArgument("document_id", "The document.", required=True),
        ),
        "Review the Nanonets document {document_id} of workflow {workflow_id}.",
        (
            step(
                Alternative("Call review_document: doubtful values come first.", ("review_document",)),
                Alternative(
                    "Call nanonets_get_document, and find the values with low confidence or a verification"
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
        "Review the waiting documents one by one.",
        ("review_queue", "nanonets_list_documents"),
        (
            PlanArgument("workflow_id", "Only this workflow.", "workflow {value}", "all workflows"),
            PlanArgument("how_many", "How many documents, 1 to 50; default 5.", missing="5", max_number=50),
        ),
        "Work through the documents that wait for review in {workflow_id}: at most {how_many} of them.",
        (
            step(
                Alternative(
                    "Call review_queue with kinds [document], order least_confident and limit {how_many};"
                    " give workflow_id if only one workflow is wanted.",
                    ("review_queue",),
                ),
                Alternative(
                    "Find the documents that failed validation or are not approved with"
                    " nanonets_list_documents (workflows: nanonets_list_workflows).",
                    ("nanonets_list_documents", "nanonets_list_workflows"),
                ),
            ),
            step(Alternative("Tell the person which documents wait, and work through them one by one:")),
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
        "Check the sums",
        "Find the documents of a Nanonets workflow whose sums, taxes, dates or numbers are inconsistent.",
        ("review_check",),
        (PlanArgument("workflow_id", "The workflow.", required=True),),
        "Check the documents of the Nanonets workflow {workflow_id}.",
        (
            step(
                Alternative(
                    "Call review_check with workflow_id; as long as it returns a cursor, call it again with"
                    " that cursor. Do not calculate anything yourself.",
                    ("review_check",),
                ),
            ),
            step(
                Alternative(
                    "For each finding, look at the suspect value with review_region and read what the page"
                    " really says.",
                    ("review_region",),
                ),
            ),
            step(
                Alternative(
                    "Show the person a short table: file, inconsistency, current value, expected value, what"
                    " the page says. List everything that could not be checked (not_checked, problems)."
                )
            ),
            CORRECT,
            REPORT,
        ),
    ),
    *STUDIO_PLANS,
)
"""All prompts, in the order in which they are listed."""
