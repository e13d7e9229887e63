"""The prompts as data: what to do, with which tools, in which order.

A step has several ways. The first one whose tools can all be called is taken, and the last one often needs no
tool: it says what cannot be done here. Names in braces stand for what the person gave.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANS", "Alternative", "Plan", "PlanArgument", "Step"]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to do a step, and the tools that it needs."""

    text: str
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step. It is left out where no way can be gone.

    It is also left out where the argument `only_with` was not given, or one of `only_without` was.
    """

    ways: tuple[Alternative, ...]
    only_with: str = ""
    only_without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanArgument:
    """What the person can give, and how the text says it: `given` holds `{value}`, `missing` is for nothing.

    `most` makes it a whole number from 1 to `most`; `is_text` fences it in as text from outside.
    """

    name: str
    description: str
    given: str = "{value}"
    missing: str = ""
    required: bool = False
    most: int = 0
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One prompt. It is offered where at least one of the tools in `needs` can be called."""

    name: str
    title: str
    description: str
    needs: tuple[str, ...]
    wishes: tuple[PlanArgument, ...]
    aim: str
    steps: tuple[Step, ...]


def _step(*ways: Alternative, only_with: str = "", only_without: tuple[str, ...] = ()) -> Step:
    return Step(ways, only_with, only_without)


_LOOK = _step(
    Alternative(
        "For each doubtful value call review_region with its field_data_id or cell_id, and read what really"
        " stands on the page.",
        ("review_region",),
    ),
    Alternative("The page cannot be looked at here: ask the person what the doubtful values should be."),
)
_SHOW = _step(
    Alternative(
        "Show the person a short table of the doubtful values: name, value now, what the page says, what you"
        " propose. Say where you cannot read it; do not guess."
    )
)
_CORRECT = _step(
    Alternative(
        "When the person agrees, send all corrections and verifications of a document in one review_apply,"
        " each with expected_value (the value that you saw), and a reason. To show a change beforehand:"
        " review_preview with nanonets_update_field.",
        ("review_apply", "review_preview", "nanonets_update_field"),
    ),
    Alternative(
        "When the person agrees, send all corrections and verifications of a document in one review_apply,"
        " each with expected_value (the value that you saw), and a reason.",
        ("review_apply",),
    ),
    Alternative(
        "When the person agrees, correct each value with nanonets_update_field (cells: nanonets_update_cell),"
        " with expected_value (the value that you saw) and a reason.",
        ("nanonets_update_field", "nanonets_update_cell"),
    ),
    Alternative(
        "Values cannot be changed here: give the person the list of corrections, and say that none was made."
    ),
)
_APPROVE = _step(
    Alternative(
        "Before anything is approved, name the files and ask the person: are all values right, and shall"
        " exactly these files be approved? Only after a clear yes call review_files with action approve"
        " (model_id is the workflow_id, file_ids are the document_ids).",
        ("review_files",),
    ),
    Alternative(
        "Before anything is approved, name the files and ask the person: are all values right, and shall"
        " exactly these files be approved? Only after a clear yes call nanonets_approve_file for each"
        " (model_id is the workflow_id, request_file_id the document_id).",
        ("nanonets_approve_file",),
    ),
    Alternative("Nothing can be approved here: tell the person which documents are ready for it."),
)
_REPORT = _step(
    Alternative(
        "At the end say what was changed from what to what, with the journal entry of each change"
        " (docreview.entry of a result; review_apply and review_files: done), what was approved, and what"
        " is still open. review_undo takes an entry back if the person wants that.",
        ("review_undo",),
    ),
    Alternative("At the end say what you found, what was changed, and what is still open."),
)

PLANS = (
    Plan(
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
            _step(
                Alternative("Call review_document: doubtful values come first.", ("review_document",)),
                Alternative(
                    "Call nanonets_get_document, and find the values with a low confidence or a verification"
                    " message.",
                    ("nanonets_get_document",),
                ),
            ),
            _LOOK,
            _SHOW,
            _CORRECT,
            _APPROVE,
            _REPORT,
        ),
    ),
    Plan(
        "work_through_queue",
        "Work through a queue",
        "Take the documents that wait for review one after the other.",
        ("review_queue", "nanonets_list_documents"),
        (
            PlanArgument("workflow_id", "Only this workflow.", "workflow {value}", "all workflows"),
            PlanArgument("how_many", "How many documents, 1 to 50; default 5.", missing="5", most=50),
        ),
        "Work through the documents that wait for review in {workflow_id}: {how_many} of them at most.",
        (
            _step(
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
            _step(Alternative("Tell the person what waits, and take the documents one after the other:")),
            _step(
                Alternative("Read it with review_document with show doubtful.", ("review_document",)),
                Alternative("Read it with nanonets_get_document.", ("nanonets_get_document",)),
                Alternative("Single documents cannot be read here: report the list and stop."),
            ),
            _LOOK,
            _SHOW,
            _CORRECT,
            _APPROVE,
            _REPORT,
        ),
    ),
    Plan(
        "set_up_labeling",
        "Set up a labeling project",
        "Make a Studio project with its classes, its texts and a labeling session.",
        ("studio_create_project", "studio_list_projects"),
        (
            PlanArgument("name", "Name of the project.", required=True),
            PlanArgument("type", "Task type: ABSA, CLASS, LABEL or CLASSLABEL.", required=True),
            PlanArgument(
                "classes", "Names of the classes, comma-separated.", "the classes {value}", "no classes yet"
            ),
            PlanArgument(
                "labels", "Names of the labels, comma-separated.", "the labels {value}", "no labels yet"
            ),
        ),
        "Set up the Studio labeling project {name} of type {type}, with {classes} and {labels}.",
        (
            _step(
                Alternative(
                    "Call studio_list_projects. If there is a project of that name already, ask the person"
                    " whether to use it instead.",
                    ("studio_list_projects",),
                ),
            ),
            _step(
                Alternative(
                    "Ask the person for what is missing: the classes and labels (ABSA projects have fixed"
                    " labels), the texts to label, and how many. Show the plan as a whole and wait for a"
                    " yes."
                )
            ),
            _step(
                Alternative("Call studio_create_project with name and type.", ("studio_create_project",)),
                Alternative("A project cannot be created here: give the person the plan, and stop."),
            ),
            _step(
                Alternative(
                    "Add the classes in one studio_add_classes, with a hint for annotators in description"
                    " where the person gave one.",
                    ("studio_add_classes",),
                ),
            ),
            _step(
                Alternative("Add each label with studio_add_label.", ("studio_add_label",)),
                only_with="labels",
            ),
            _step(
                Alternative(
                    "Store the texts with studio_upload_documents, and look with"
                    " studio_list_project_documents until all are there.",
                    ("studio_upload_documents", "studio_list_project_documents"),
                ),
                Alternative("Store the texts with studio_upload_documents.", ("studio_upload_documents",)),
            ),
            _step(
                Alternative(
                    "Open the session with studio_create_labeling_session: without documents it takes all"
                    " stored ones, with sample_size as many as that.",
                    ("studio_create_labeling_session",),
                ),
            ),
            _step(
                Alternative(
                    "Check with studio_get_project and report the ids of project and session, the classes,"
                    " and how many texts wait for labels.",
                    ("studio_get_project", "studio_create_project"),
                ),
            ),
        ),
    ),
    Plan(
        "analyze_texts",
        "Analyze texts and report",
        "Run a Studio model on texts and report what they say.",
        ("studio_run_adhoc_analysis", "studio_create_batch_analysis", "studio_list_analysis_documents"),
        (
            PlanArgument(
                "model_id", "The model.", "model {value}", "a model that you choose with the person"
            ),
            PlanArgument("texts", "The texts, one on each line.", is_text=True),
            PlanArgument("project_id", "Or the project whose stored texts to analyze.", "project {value}"),
        ),
        "Analyze texts with {model_id} in Studio, and report what they say.",
        (
            _step(
                Alternative(
                    "Ask the person for the texts, or for the project whose stored texts to analyze."
                ),
                only_without=("texts", "project_id"),
            ),
            _step(
                Alternative(
                    "Call studio_get_model (studio_list_models finds one), and tell the person what the model"
                    " tells apart. If its status says that it is not ready, stop.",
                    ("studio_get_model", "studio_list_models"),
                ),
            ),
            _step(
                Alternative(
                    "The texts to analyze, one on each line:\n{texts}\nCall review_table with model_id and"
                    " them as texts: it may use credits, keeps nothing, and counts the tags.",
                    ("review_table", "studio_run_adhoc_analysis"),
                ),
                Alternative(
                    "The texts to analyze, one on each line:\n{texts}\nCall studio_run_adhoc_analysis with"
                    " them as documents, each with an id from 1. It may use credits and keeps nothing.",
                    ("studio_run_adhoc_analysis",),
                ),
                Alternative("Texts cannot be analyzed here: say so."),
                only_with="texts",
            ),
            _step(
                Alternative(
                    "Read the texts of {project_id} with studio_list_project_documents. Tell the person how"
                    " many there are and that analyzing them may use credits; after a yes call"
                    " studio_create_batch_analysis with them, and wait with review_wait (kind analysis).",
                    ("studio_list_project_documents", "studio_create_batch_analysis", "review_wait"),
                ),
                Alternative(
                    "No new analysis can be made of stored texts here: look for one that there is with"
                    " studio_list_project_analyses.",
                    ("studio_list_project_analyses",),
                ),
                Alternative("The texts of {project_id} cannot be analyzed here: say so."),
                only_with="project_id",
            ),
            _step(
                Alternative(
                    "Call review_table with the analysis_id: it counts all its tags and gives examples.",
                    ("review_table",),
                ),
                Alternative(
                    "The results of a stored analysis come from studio_list_analysis_documents with details"
                    " tags, page by page until all are read.",
                    ("studio_list_analysis_documents",),
                ),
                only_with="project_id",
            ),
            _step(
                Alternative(
                    "Report: how many texts, how often each class and label, two short quotations for each"
                    " of the most frequent ones, what is uncertain, and how many texts got no tag. Count, do"
                    " not estimate; say what the numbers do not show."
                )
            ),
        ),
    ),
)
"""All prompts, in the order in which they are listed."""
