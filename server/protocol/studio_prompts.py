"""The prompts for Studio as data."""

from __future__ import annotations

from .prompt_steps import REPORT, Alternative, PlanArgument, PromptPlan, step

__all__ = ["STUDIO_PLANS"]

STUDIO_PLANS = (
    PromptPlan(
        "set_up_labeling",
        "Set up a labeling project",
        "Create a Studio project with classes, texts and a labeling session.",
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
            step(
                Alternative(
                    "Call studio_list_projects. If a project of that name already exists, ask the person"
                    " whether to use it instead.",
                    ("studio_list_projects",),
                ),
            ),
            step(
                Alternative(
                    "Ask the person for missing details: the classes and labels (ABSA projects have fixed"
                    " labels), the texts to label, and how many. Show the whole plan and wait for a yes."
                )
            ),
            step(
                Alternative(
                    "Call review_set_up with name, type, all classes (with a hint for annotators in"
                    " description where the person gave one), labels and texts, without send: it returns the"
                    " plan. Show it to the person. Only after a clear yes, call it again with the same"
                    " arguments and send=true. If a step fails, its message names the remaining steps; call"
                    " again with the project_id for those.",
                    ("review_set_up",),
                ),
            ),
            step(
                Alternative("Call studio_create_project with name and type.", ("studio_create_project",)),
                Alternative("A project cannot be created here: give the person the plan, and stop."),
                unless="review_set_up",
            ),
            step(
                Alternative(
                    "Add the classes in one studio_add_classes, with a hint for annotators in description"
                    " where the person gave one.",
                    ("studio_add_classes",),
                ),
                unless="review_set_up",
            ),
            step(
                Alternative("Add each label with studio_add_label.", ("studio_add_label",)),
                only_with="labels",
                unless="review_set_up",
            ),
            step(
                Alternative(
                    "Store the texts with studio_upload_documents, and call studio_list_project_documents"
                    " until all of them appear.",
                    ("studio_upload_documents", "studio_list_project_documents"),
                ),
                Alternative("Store the texts with studio_upload_documents.", ("studio_upload_documents",)),
                unless="review_set_up",
            ),
            step(
                Alternative(
                    "Open the session with studio_create_labeling_session: without documents it uses all"
                    " stored ones, or sample_size of them.",
                    ("studio_create_labeling_session",),
                ),
                unless="review_set_up",
            ),
            step(
                Alternative(
                    "Check with studio_get_project and report the ids of project and session, the classes,"
                    " and how many texts wait for labels.",
                    ("studio_get_project", "studio_create_project"),
                ),
            ),
        ),
    ),
    PromptPlan(
        "work_through_texts",
        "Work through texts",
        "Tag the texts of a Studio session, correct predictions, or settle a human-in-the-loop review.",
        ("review_texts", "studio_list_labeling_documents", "studio_list_correction_documents"),
        (
            PlanArgument("kind", "labeling_session, correction or hitl_review.", required=True),
            PlanArgument("project_id", "The Studio project.", required=True),
            PlanArgument("session_id", "The session, correction or HITL.", required=True),
        ),
        "Work through the {kind} with the id {session_id} in the Studio project {project_id}.",
        (
            step(
                Alternative(
                    "Call review_texts with kind, project_id and id: open and doubtful texts come first. It"
                    " also returns the available classes and labels; pass next_offset as offset for the next"
                    " texts.",
                    ("review_texts",),
                ),
                Alternative(
                    "Read the texts with studio_list_labeling_documents, or those of a correction session"
                    " with studio_list_correction_documents; pass details segments and tags.",
                    ("studio_list_labeling_documents", "studio_list_correction_documents"),
                ),
            ),
            step(
                Alternative(
                    "Show the person a short table: the text, the model's prediction, and your proposal from"
                    " the available classes and labels. Say where you are unsure; do not guess."
                )
            ),
            step(
                Alternative(
                    "Tell the person that marking a text as done accepts its remaining predictions and"
                    " cannot be undone; review_preview with review_tag shows the requests in advance. After"
                    " a clear yes, send everything in one review_tag: tags for each segment (the complete"
                    " set), done for each finished text, segment or page.",
                    ("review_tag", "review_preview"),
                ),
                Alternative(
                    "Tell the person that marking a text as done accepts its remaining predictions and"
                    " cannot be undone. After a clear yes, send everything in one review_tag: tags for each"
                    " segment (the complete set), done for each finished text, segment or page.",
                    ("review_tag",),
                ),
                Alternative(
                    "Tags cannot be changed here: give the person the list, and say that nothing was changed."
                ),
            ),
            step(
                Alternative(
                    "Continue with the next texts until counts shows that none is open.",
                    ("review_texts", "review_tag"),
                ),
            ),
            REPORT,
        ),
    ),
    PromptPlan(
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
            step(
                Alternative(
                    "Ask the person for the texts, or for the project whose stored texts to analyze."
                ),
                only_without=("texts", "project_id"),
            ),
            step(
                Alternative(
                    "Call studio_get_model (studio_list_models finds one), and tell the person which classes"
                    " and labels the model distinguishes. If its status shows that it is not ready, stop.",
                    ("studio_get_model", "studio_list_models"),
                ),
            ),
            step(
                Alternative(
                    "The texts to analyze, one on each line:\n{texts}\nCall review_table with model_id and"
                    " these texts: it may use credits, stores nothing, and counts the tags.",
                    ("review_table", "studio_run_adhoc_analysis"),
                ),
                Alternative(
                    "The texts to analyze, one on each line:\n{texts}\nCall studio_run_adhoc_analysis with"
                    " them as documents, each with an id from 1. It may use credits and stores nothing.",
                    ("studio_run_adhoc_analysis",),
                ),
                Alternative("Texts cannot be analyzed here: tell the person."),
                only_with="texts",
            ),
            step(
                Alternative(
                    "Read the texts of {project_id} with studio_list_project_documents. Tell the person how"
                    " many there are and that analyzing them may use credits; after a yes call"
                    " studio_create_batch_analysis with them, and wait with review_wait (kind analysis).",
                    ("studio_list_project_documents", "studio_create_batch_analysis", "review_wait"),
                ),
                Alternative(
                    "Stored texts cannot be analyzed anew here: look for an existing analysis with"
                    " studio_list_project_analyses.",
                    ("studio_list_project_analyses",),
                ),
                Alternative("The texts of {project_id} cannot be analyzed here: tell the person."),
                only_with="project_id",
            ),
            step(
                Alternative(
                    "Call review_table with the analysis_id: it counts all tags and returns examples.",
                    ("review_table",),
                ),
                Alternative(
                    "Read the results of a stored analysis page by page with studio_list_analysis_documents"
                    " and details tags.",
                    ("studio_list_analysis_documents",),
                ),
                only_with="project_id",
            ),
            step(
                Alternative(
                    "Report the number of texts, the count of each class and label, two short quotations for"
                    " each of the most frequent ones, the uncertain results, and the number of texts without"
                    " a tag. Count, do not estimate; say what the numbers do not show."
                )
            ),
        ),
    ),
)
"""Those for projects, sessions and analyses."""
