"""`review_set_up`: a Studio project with classes, labels, texts and a session from one description."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.agreement import do_agreed
from ..guards.confirmation import Question
from ..guards.context import CallContext
from ..guards.guard import browser_rule, needs_confirmation
from ..operation_call import called_inside, prepare, read, write
from ..requests.arguments import CONFIRM, REASON
from ..requests.validation import invalid
from ..results.reply import Reply
from ..untrusted import NOTE
from .session import names_of

__all__ = ["run"]

_PARTS: dict[str, tuple[bool, bool]] = {
    "ABSA": (True, True),
    "CLASSLABEL": (True, True),
    "CLASS": (True, False),
    "LABEL": (False, True),
}
"""By the type of a project: whether it has classes, and whether it has labels."""

_SEND = "Show this plan to the person. To carry it out, call again with the same arguments and send=true."

Step = tuple[str, JsonObject]
"""The id of an operation and its arguments but for the project that the first step makes."""


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """Show what would be made, or with `send` make it, one step after the other.

    Raises:
        ToolFailure: the description is at fault, or a step failed; what was made before it is named.
    """
    _check(operation, values)
    steps = _steps(values)
    if not values.get("send") or context.rehearsal is not None:
        return await _planned(operation, steps, values, context)

    async def look() -> list[Step]:
        return steps

    def question(found: list[Step]) -> Question | None:
        called = [load_operations()[each] for each, _ in found]
        if not any(needs_confirmation(each, context) for each in called):
            return None
        subject = {name: value for name, value in values.items() if name not in (CONFIRM, "texts", "send")}
        subject["texts"] = len(cast("list[JsonValue]", values.get("texts", [])))
        state = cast("JsonValue", [list(each) for each in found])
        return Question(operation, subject, state, None, browser_rule=browser_rule(called, context))

    async def go(found: list[Step], inner: CallContext) -> Reply:
        return await _make(operation, found, values, inner)

    code = context.code or str(values.get(CONFIRM, ""))
    return await do_agreed(context, frozenset(), code, look, question, go)


def _check(operation: Operation, values: JsonObject) -> None:
    """Raise what is wrong with a description before anything is sent."""
    faults: list[str] = []
    if ("project_id" in values) == ("name" in values):
        faults.append("name: expected either name and type (a new project) or project_id")
    if "name" in values and "type" not in values:
        faults.append("type: expected with name")
    has_classes, has_labels = _PARTS.get(str(values.get("type")), (True, True))
    for name, is_taken in (("classes", has_classes), ("labels", has_labels)):
        given = cast("list[JsonValue]", values.get(name, []))
        if given and not is_taken:
            faults.append(f"{name}: not allowed, as projects of type {values['type']} have none")
        names = [str(each["name"]) if isinstance(each, dict) else str(each) for each in given]
        if double := next((each for each in names if names.count(each) > 1), ""):
            faults.append(f"{name}: got {double!r} twice")
        if "" in names:
            faults.append(f"{name}: got an empty name")
    if any(not str(each).strip() for each in cast("list[JsonValue]", values.get("texts", []))):
        faults.append("texts: got an empty text")
    if faults:
        raise invalid(operation, faults)


def _steps(values: JsonObject) -> list[Step]:
    steps: list[Step] = []
    if "name" in values:
        steps.append(("createProject", {"name": values["name"], "type": values["type"]}))
    if classes := values.get("classes"):
        steps.append(("addClasses", {"classes": classes}))
    for label in cast("list[JsonValue]", values.get("labels", [])):
        steps.append(("addLabel", {"name": label}))
    if texts := cast("list[JsonValue]", values.get("texts", [])):
        session: JsonObject = {"documents": [{"text": text} for text in texts]}
        if "session_name" in values:
            session["name"] = values["session_name"]
        steps.append(("createLabelingSession", session))
    return steps


async def _planned(
    operation: Operation, steps: list[Step], values: JsonObject, context: CallContext
) -> Reply:
    """What would be made, without what is there, and what would be refused. Sends nothing but a read."""
    project_id = values.get("project_id")
    where: JsonObject = {} if project_id is None else {"project_id": project_id}
    there = await read(context, "getProject", where) if where else {}
    left = [(each, _missing(arguments, there)) for each, arguments in steps]
    left = [(each, arguments) for each, arguments in left if arguments]
    refused: list[JsonValue] = []
    for operation_id, arguments in left:
        try:
            called = called_inside(operation_id, context)
            # Of a project that is not there yet, nothing is known that a rule could be about.
            if where or operation_id == "createProject":
                prepare(called, {**where, **arguments}, context)
        except ToolFailure as failure:
            refused.append(failure.message)
    structured: JsonObject = {"plan": _plan(left), "sent": NOTHING_SENT}
    if refused:
        structured["stands_against"] = refused
    known = load_operations()
    if any(needs_confirmation(known[each], context) for each, _ in left):
        if context.rehearsal is not None:
            context.rehearsal.ask(f"{operation.title}: {len(left)} steps.")
        structured["needs_confirmation"] = True
    return Reply({**structured, "next": _SEND}, untrusted=("plan",) if there else ())


def _plan(steps: list[Step]) -> list[JsonValue]:
    """The steps for a person: texts and classes by their number and names."""
    plan: list[JsonValue] = []
    for operation_id, arguments in steps:
        shown: JsonObject = {"tool": load_operations()[operation_id].tool}
        for name, value in arguments.items():
            if name == "documents":
                shown["texts"] = len(cast("list[JsonValue]", value))
            elif name == "classes":
                shown[name] = [cast("JsonObject", each)["name"] for each in cast("list[JsonValue]", value)]
            else:
                shown[name] = value
        plan.append(shown)
    return plan


async def _make(operation: Operation, steps: list[Step], values: JsonObject, context: CallContext) -> Reply:
    made: JsonObject = {}
    entries: list[JsonValue] = []
    count, journal_fault = 0, ""
    project_id = values.get("project_id")
    reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}
    confirmed = replace(context, is_confirmed=True)
    there: JsonObject | None = None
    for index, (operation_id, arguments) in enumerate(steps):
        where: JsonObject = {} if operation_id == "createProject" else {"project_id": project_id}
        try:
            if where and there is None:
                there = await read(context, "getProject", where)
            arguments = _missing(arguments, there or {})
            if not arguments:
                continue
            written = await write(confirmed, operation_id, {**where, **arguments, **reason})
        except ToolFailure as failure:
            if not entries and not made:
                raise
            notes: JsonObject = {"journal": journal_fault} if journal_fault else {}
            failure = failure.with_(notes={**notes, **failure.notes})
            raise _stopped(operation, failure, made, entries, steps[index:]) from failure
        count += 1
        if isinstance(fault := written.notes.get("journal"), str):
            journal_fault = fault
        if operation_id == "createProject":
            project_id = made["project_id"] = written.answer.get("id")
        elif operation_id == "createLabelingSession":
            made["annotation_id"] = written.answer.get("id")
        else:
            made[operation_id] = cast("int", made.get(operation_id, 0)) + 1
        if written.entry is not None:
            entries.append(written.entry)
        await context.report(f"{index + 1} of {len(steps)} steps")
    structured: JsonObject = {
        name: made[name] for name in ("project_id", "annotation_id") if made.get(name) is not None
    }
    if "annotation_id" in structured:
        structured["next"] = (
            "review_texts with kind labeling_session and this id shows the texts of the session."
        )
    if journal_fault:
        structured[NOTE] = {"journal": journal_fault}
    return Reply({**structured, "made": count, "entries": entries}, untrusted=())


def _missing(arguments: JsonObject, there: JsonObject) -> JsonObject:
    """What of a step is not in the project yet: new projects come with labels, and a call may be repeated."""
    known = {name: names_of(there.get(name)) for name in ("classes", "labels")}
    if isinstance(classes := arguments.get("classes"), list):
        new = [each for each in classes if isinstance(each, dict) and each["name"] not in known["classes"]]
        return {"classes": list[JsonValue](new)} if new else {}
    is_label = arguments.keys() == {"name"}
    return {} if is_label and there and arguments["name"] in known["labels"] else arguments


def _stopped(
    operation: Operation,
    failure: ToolFailure,
    made: JsonObject,
    entries: list[JsonValue],
    left: list[Step],
) -> ToolFailure:
    """The failure of a step, with what was made before it."""
    tools = ", ".join(load_operations()[each].tool for each, _ in left)
    ids = ", ".join(f"{name} {value}" for name, value in made.items() if name.endswith("_id"))
    return ToolFailure(
        failure.code,
        f"{operation.tool}: partly set up ({ids or 'see entries'}). {failure.message}",
        status=failure.status,
        done="unknown" if failure.done == "unknown" else "yes",
        happened=f"Remaining steps: {tools}.",
        next_step=failure.next_then(
            "Call again with project_id instead of name and only the remaining items, or undo everything with"
            " review_undo: these entries but that of the project, and then that one."
        ),
        quotes=failure.quotes,
        notes={**failure.notes, "entries": entries},
    )
