"""The policy's rules, over all tools and operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from docreview_mcp.schemas import JsonObject, Operation, load_operations, load_own_operations
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.documents.field_state import FieldState
from docreview_mcp.tools.policy.approving_calls import approved_document
from docreview_mcp.tools.policy.policies import Policies
from docreview_mcp.tools.policy.policy import Counts, Policy, Rule
from docreview_mcp.tools.policy.scope import GOVERNED, UNGOVERNED, Kind, governed_arguments, left_out
from docreview_mcp.tools.requests.arguments import arguments_of
from hypothesis import given
from hypothesis import strategies as st

OPERATIONS = load_operations()
EVERY = [*OPERATIONS.values(), *load_own_operations().values()]
LOOKS_LIKE_AN_ID = re.compile(r"workflow|model|project|^base(_id)?$")
FILLED = {"workflow": "wf-1", "model": "1201", "project": "7"}
NAMED = {"workflow": "workflow or model", "model": "model", "project": "project"}
TABLES: dict[Kind, tuple[str, ...]] = {
    "workflow": ("workflows", "models"),
    "model": ("models",),
    "project": ("projects",),
}


def policy(table: str, **rule: tuple[str, ...]) -> Policy:
    given: dict[str, Any] = {table: Rule(**rule)}
    return Policy(**given)


def ids_of(operation: Operation) -> dict[str, Any]:
    return {name: FILLED[kind] for name, kind in governed_arguments(operation).items()}


def governed() -> Iterator[tuple[Operation, str, Kind]]:
    for operation in EVERY:
        for name, kind in governed_arguments(operation).items():
            yield operation, name, kind


def test_a_policy_without_rules_refuses_nothing() -> None:
    none = Policy()
    assert not none.is_set
    assert none.as_object() == {}
    assert not any(none.tool_refusal(tool.name, tool.toolset) for tool in load_tools())
    assert not any(none.scope_refusal(operation, ids_of(operation)) for operation in EVERY)
    assert none.count_refusal(Counts(10**6), "a document") == ""
    assert none.approval_refusal([]) == ""


@pytest.mark.parametrize(
    ("forbidden", "asked", "is_refused"),
    [
        ("12", 12, True),
        ("12", "012", True),
        ("12", 12.0, True),
        ("12", "12.0", True),
        ("12", "1.2e1", True),
        ("12", "\u0661\u0662", True),
        ("12", "12.5", False),
        ("12", "112", False),
        ("0", "000", True),
        ("0", 0, True),
        ("0", "00.0", True),
        ("1", True, True),
        ("12", "1e400", False),
        ("12", "nan", False),
        ("9007199254740992", "9007199254740993.0", False),
        ("9007199254740993", "9007199254740993", True),
        ("9007199254740991", "9007199254740991.0", True),
        ("9007199254740993", "09007199254740993", True),
        ("*", 5, True),
    ],
)
def test_an_id_is_the_same_however_it_is_written(forbidden: str, asked: Any, is_refused: bool) -> None:
    rules = policy("projects", forbidden=(forbidden,))
    assert bool(rules.scope_refusal(OPERATIONS["getProject"], {"project_id": asked})) == is_refused


def test_an_id_of_a_workflow_is_a_text() -> None:
    rules = policy("workflows", allowed=("12",))
    for asked, is_allowed in (("12", True), ("012", False), ("12.0", False)):
        assert (rules.scope_refusal(OPERATIONS["getDocument"], {"workflow_id": asked}) == "") == is_allowed


def test_a_text_may_have_an_attribute_that_is_called_like_a_model() -> None:
    given: JsonObject = {"model_id": "12", "moderated_boxes": [], "page": {"model": "7", "project": 7}}
    for table in ("models", "projects"):
        assert policy(table, forbidden=("7",)).scope_refusal(OPERATIONS["updateFileFields"], given) == ""
    inner: JsonObject = {**given, "page": {"model_id": "7"}}
    assert policy("models", forbidden=("7",)).scope_refusal(OPERATIONS["updateFileFields"], inner)


def test_everything_can_be_forbidden_by_a_star() -> None:
    for operation, name, kind in governed():
        for table in TABLES[kind]:
            assert policy(table, forbidden=("*",)).scope_refusal(operation, {name: FILLED[kind]})


@pytest.mark.parametrize(
    "pattern", ["nanonets_delete_*", "*_update_*", "studio_*", "review_files", "run_*", "*"]
)
@pytest.mark.parametrize("inside", [False, True])
def test_exactly_the_tools_that_a_pattern_means_are_forbidden(pattern: str, inside: bool) -> None:
    rules = Policy(tools=Rule(allowed=("*",), forbidden=(pattern,)))
    for tool in load_tools():
        refusal = rules.tool_refusal(tool.name, tool.toolset, inside=inside)
        expected = (
            f"the policy forbids {pattern} (tools.forbidden)" if fnmatchcase(tool.name, pattern) else ""
        )
        assert refusal == expected


def test_what_is_allowed_shuts_out_the_rest_but_not_what_an_allowed_tool_needs() -> None:
    rules = Policy(tools=Rule(allowed=("review_*",)), toolsets=Rule(forbidden=("nanonets-setup",)))
    for tool in load_tools():
        assert (rules.tool_refusal(tool.name, tool.toolset) == "") == tool.name.startswith("review_")
        within = rules.tool_refusal(tool.name, tool.toolset, inside=True)
        assert (within == "") == (tool.toolset != "nanonets-setup")
    assert "(tools.allowed)" in rules.tool_refusal("studio_get_project", "studio-projects")
    assert "(toolsets.forbidden)" in rules.tool_refusal("review_x", "nanonets-setup")


def test_every_argument_that_sounds_like_such_an_id_is_known() -> None:
    for operation in EVERY:
        known = governed_arguments(operation)
        for argument in arguments_of(operation):
            if LOOKS_LIKE_AN_ID.search(argument.name):
                assert argument.name in known or argument.name in UNGOVERNED, (operation.id, argument.name)
            for name in inner_names(argument.schema):
                if operation.service != "docreview" and LOOKS_LIKE_AN_ID.search(name):
                    assert name in GOVERNED[operation.service], (operation.id, argument.name, name)
        described = {each.name for each in arguments_of(operation) if "model" in said(each.schema)}
        # An id of a model that is called otherwise would not sound like one. Our own tools call other
        # operations, which are asked in turn.
        assert operation.service == "docreview" or not {"id", "base_id"} & described - set(known), (
            operation.id
        )


def inner_names(schema: dict[str, Any]) -> Iterator[str]:
    for name, entry in schema.get("properties", {}).items():
        yield name
        yield from inner_names(entry)
    if isinstance(schema.get("items"), dict):
        yield from inner_names(schema["items"])


def said(schema: dict[str, Any]) -> str:
    return str(schema.get("description", "")).lower()


def test_a_forbidden_id_is_refused_wherever_it_stands() -> None:
    seen = 0
    for operation, name, kind in governed():
        # A model that is given by its name might be the forbidden one.
        others = {each: found for each, found in ids_of(operation).items() if each not in ("base", "model")}
        for table in TABLES[kind]:
            forbidden = policy(table, forbidden=("X-9",) if kind == "workflow" else ("0099",))
            for value in ["x-9"] if kind == "workflow" else [99, "99", "099", 99.0]:
                for shape in (value, [value], [1, value]):
                    refusal = forbidden.scope_refusal(operation, {**others, name: shape})
                    assert f"({table}.forbidden)" in refusal, (operation.id, name, shape)
                    assert refusal.startswith(f"{name}: ")
            assert forbidden.scope_refusal(operation, others) == ""
            seen += 1
    assert seen > 150


def test_what_is_forbidden_stays_so_though_it_is_allowed() -> None:
    for operation, name, kind in governed():
        identity = FILLED[kind]
        for table in TABLES[kind]:
            both = policy(table, allowed=(identity, "*"), forbidden=(identity,))
            refusal = both.scope_refusal(operation, {name: identity})
            assert f"the policy forbids {NAMED[kind]} '{identity}' ({table}.forbidden)" in refusal, (
                operation.id
            )
    tool = next(each for each in load_tools() if each.name == "studio_add_label")
    for table, pattern in (("tools", tool.name), ("toolsets", tool.toolset)):
        both = policy(table, allowed=(pattern,), forbidden=(pattern,))
        assert f"({table}.forbidden)" in both.tool_refusal(tool.name, tool.toolset)


def test_only_allowed_ids_pass() -> None:
    for operation, name, kind in governed():
        for table in TABLES[kind]:
            assert policy(table, allowed=(FILLED[kind],)).scope_refusal(operation, ids_of(operation)) == ""
            assert policy(table, allowed=("*",)).scope_refusal(operation, ids_of(operation)) == ""
            for allowed in ((), ("another",)):
                refusal = policy(table, allowed=allowed).scope_refusal(
                    operation, {**ids_of(operation), name: FILLED[kind]}
                )
                assert f"({table}.allowed)" in refusal, (operation.id, name)


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("updateGroup", {"project_id": 1, "group_id": 2, "documents": [{"id": 3, "project_id": 7}]}),
        ("updateFileFields", {"model_id": "a", "moderated_boxes": [], "page": {"model_id": "7"}}),
        ("updateFileFields", {"model_id": "a", "moderated_boxes": [], "page": {"Model_ID": "7"}}),
        ("createDocument", {"project_id": 1, "text": "x", "segments": [{"more": {"project_id": "7"}}]}),
    ],
)
def test_an_id_inside_an_object_is_seen_too(operation: str, values: dict[str, Any]) -> None:
    rules = Policy(projects=Rule(forbidden=("7",)), workflows=Rule(forbidden=("7",)))
    assert "policy forbids" in rules.scope_refusal(OPERATIONS[operation], values)


def test_an_object_without_a_forbidden_id_passes() -> None:
    given = {"project_id": 1, "group_id": 2, "documents": [{"id": 7, "project_id": 3}, {"id": 4}]}
    assert policy("projects", forbidden=("7",)).scope_refusal(OPERATIONS["updateGroup"], given) == ""


def test_the_two_interfaces_of_nanonets_are_one() -> None:
    rules = Policy(workflows=Rule(allowed=("a",)), models=Rule(allowed=("b", "12"), forbidden=("c",)))
    for operation, argument in (("getDocument", "workflow_id"), ("getPredictionFileByFileId", "model_id")):
        for identity, passes in {"a": True, "b": True, "c": False, "d": False}.items():
            assert (rules.scope_refusal(OPERATIONS[operation], {argument: identity}) == "") == passes
    only_studio = policy("models", allowed=("12",))
    assert "only 12 (models.allowed)" in only_studio.scope_refusal(
        OPERATIONS["getDocument"], {"workflow_id": "a"}
    )
    opened = Policy(workflows=Rule(allowed=("*",)), models=Rule(allowed=("12",)))
    assert opened.scope_refusal(OPERATIONS["getDocument"], {"workflow_id": "a"}) == ""
    assert opened.scope_refusal(OPERATIONS["getModel"], {"model_id": 13})


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        (Rule(forbidden=("12",)), False),
        (Rule(allowed=("12",)), False),
        (Rule(allowed=("*",), forbidden=("12",)), False),
        (Rule(allowed=("hotels", "12"), forbidden=("13",)), True),
        (Rule(allowed=("*",)), True),
    ],
)
def test_a_model_by_its_name_does_not_get_round_a_rule_by_ids(rule: Rule, passes: bool) -> None:
    by_name = OPERATIONS["downloadModelByName"]
    assert (Policy(models=rule).scope_refusal(by_name, {"model": "hotels"}) == "") == passes


def test_a_call_must_name_the_model_that_the_service_would_choose() -> None:
    rules = policy("models", forbidden=("12",))
    choosing = {each.id for each in OPERATIONS.values() if left_out(each, {}, "model")}
    assert {"runAdHocAnalysis", "createBatchAnalysis", "trainModel", "addHitl"} <= choosing
    for identity in ("runAdHocAnalysis", "createBatchAnalysis", "trainModel", "addHitl"):
        operation = OPERATIONS[identity]
        name = "base_id" if identity == "trainModel" else "model_id"
        without: list[JsonObject] = [{}, {name: None}]
        for values in without:
            assert f"{name}: missing" in rules.scope_refusal(operation, values)
        assert rules.scope_refusal(operation, {name: 13}) == ""
        assert policy("projects", forbidden=("1",)).scope_refusal(operation, {}) == "" or "project_id" in {
            each.name for each in arguments_of(operation)
        }
    for identity in (
        "listModels",
        "listAnalyses",
        "updateHitl",
        "updateModel",
        "uploadModel",
        "deleteAnalysis",
    ):
        assert rules.scope_refusal(OPERATIONS[identity], {}) == ""


def test_calls_are_counted_before_they_are_sent_and_given_back_if_not_done() -> None:
    rules, counts = Policy(max_writes=3, max_approvals=1), Counts()
    for document in ("a", "a", ""):
        assert rules.count_refusal(counts, document) == ""
        counts.reserve(document)
    assert (counts.writes, counts.approvals) == (3, 1)
    assert "(session.max_writes)" in rules.count_refusal(counts)
    counts.give_back("a")
    assert (counts.writes, counts.approvals) == (2, 1)
    assert "(session.max_approvals)" in rules.count_refusal(counts, "b")
    assert rules.count_refusal(counts, "a") == rules.count_refusal(counts) == ""
    counts.give_back("a")
    assert rules.count_refusal(counts, "b") == ""
    assert "(session.max_writes)" in Policy(max_writes=0).count_refusal(Counts())


def test_a_refusal_of_an_id_says_what_is_allowed_instead() -> None:
    asked = OPERATIONS["getDocument"]
    refused = "workflow_id: the policy does not allow workflow or model 'x', only "
    for allowed_ids, said in {
        ("a", "b", "c", "d", "e"): "a, b, c, d, e (workflows.allowed)",
        ("a", "b", "c", "d", "e", "f"): "a, b, c, d, e, … (workflows.allowed)",
        (): "none at all (workflows.allowed)",
    }.items():
        assert (
            policy("workflows", allowed=allowed_ids).scope_refusal(asked, {"workflow_id": "x"})
            == refused + said
        )
    both = Policy(workflows=Rule(allowed=("a",)), models=Rule(allowed=("7",)))
    assert both.scope_refusal(asked, {"workflow_id": "x"}) == (
        refused + "a, 7 (workflows.allowed and models.allowed)"
    )
    forbidden = policy("models", forbidden=("7",)).scope_refusal(asked, {"workflow_id": "7"})
    assert forbidden == "workflow_id: the policy forbids workflow or model '7' (models.forbidden)"
    long = policy("workflows", allowed=("a",)).scope_refusal(asked, {"workflow_id": "x" * 200})
    assert f" '{'x' * 80}', " in long


def test_a_refusal_of_a_choice_by_the_service_names_the_rules() -> None:
    rules = Policy(workflows=Rule(allowed=("a",)), models=Rule(forbidden=("7",)))
    assert rules.scope_refusal(OPERATIONS["runAdHocAnalysis"], {}) == (
        "model_id: missing; without it the service would choose the model, which the policy restricts"
        " (models)"
    )
    alone = Policy(workflows=Rule(allowed=("a",))).scope_refusal(OPERATIONS["verifyFile"], {})
    assert alone.endswith("the workflow or model, which the policy restricts (workflows)")


def test_a_refusal_names_no_more_than_three_checks() -> None:
    rules = Policy(checks=("*",))
    said = "the policy allows approval only if the document passes the checks (approval.checks); "
    assert rules.check_refusal(["a (1)", "b", "c"]) == f"{said}3 fail: a (1); b; c"
    assert rules.check_refusal(["a", "b", "c", "d"]) == f"{said}4 fail: a; b; c; …"
    assert rules.check_refusal([]) == Policy().check_refusal(["a"]) == ""


def test_what_an_approval_is() -> None:
    both: JsonObject = {"request_file_id": "f", "document_id": "d", "verification_status": "verified"}
    approving = {each.id: found for each in EVERY if (found := approved_document(each, both))}
    assert approving == {"verifyFile": "f", "verifyDocument": "d"}
    undone: JsonObject = {**both, "verification_status": "unverified"}
    assert approved_document(OPERATIONS["verifyDocument"], undone) == ""


RULES = st.builds(
    Rule,
    st.none() | st.lists(st.sampled_from(["1", "2", "3", "*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["1", "2", "*"]), max_size=1).map(tuple),
)
TOOL_RULES = st.builds(
    Rule,
    st.none() | st.lists(st.sampled_from(["nanonets_*", "studio_*", "*_get_*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["nanonets_delete_*", "studio_*"]), max_size=1).map(tuple),
)
SECTIONS = st.builds(
    Policy,
    tools=TOOL_RULES,
    workflows=RULES,
    models=RULES,
    projects=RULES,
    min_confidence=st.none() | st.floats(0, 1),
    all_verified=st.booleans(),
)


@given(SECTIONS, st.lists(SECTIONS, max_size=3), SECTIONS, st.lists(st.sampled_from("012x"), max_size=3))
def test_a_section_only_narrows_and_that_of_each_group_holds(
    for_all: Policy, sections: list[Policy], others: Policy, groups: list[str]
) -> None:
    policies = Policies(for_all, {str(number): each for number, each in enumerate(sections)}, others)
    bound = [policies.groups[each] for each in sorted(policies.named(groups))] or [others]
    whole = policies.of(groups)
    parts = [for_all, *bound]
    fields = [FieldState("a", 0.5, False), FieldState("b", None, True)]
    for tool in ("nanonets_get_document", "nanonets_delete_field", "studio_get_project", "review_apply"):
        for inside in (False, True):
            refused = [bool(part.tool_refusal(tool, "review", inside=inside)) for part in parts]
            assert bool(whole.tool_refusal(tool, "review", inside=inside)) == any(refused)
    calls: list[tuple[str, JsonObject]] = [
        ("getDocument", {"workflow_id": "1"}),
        ("getModel", {"model_id": 2}),
        ("getProject", {"project_id": 3}),
    ]
    for operation, values in calls:
        refused = [bool(part.scope_refusal(OPERATIONS[operation], values)) for part in parts]
        assert bool(whole.scope_refusal(OPERATIONS[operation], values)) == any(refused)
    assert bool(whole.approval_refusal(fields)) == any(part.approval_refusal(fields) for part in parts)
    assert whole.judges_approvals == any(part.judges_approvals for part in parts)
