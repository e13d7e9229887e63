"""Confirmation codes at the ends of their time, and what a decline or a use leaves of them."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.schemas import JsonValue, load_operations
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools.guards.confirmation_codes import CODE_SECONDS, Codes
from docreview_mcp.tools.requests.arguments import arguments_of, file_sources_of, file_types_of
from mcp import Client
from mcp.types import ElicitResult
from review_desk import field_of, ready, sent
from test_agreement import NO, YES, total_of

CALL: tuple[JsonValue, ...] = ("delete", {"id": 1})
KEY, OTHER_KEY = bytes(range(32)), bytes(32)


class At:
    """A clock that stands where a test puts it, for codes and for their marks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(time, "time", self)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    return At(monkeypatch)


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (-1.5, "expired"),
        (-1.0, "valid"),
        (CODE_SECONDS, "valid"),
        (CODE_SECONDS + 0.001, "expired"),
    ],
)
async def test_a_code_is_good_from_a_second_before_its_time_to_five_minutes_after(
    age: float, found: str, at: At
) -> None:
    """Two processes need not have quite the same clock."""
    codes = Codes(at)
    code = codes.new_code(*CALL)
    at.now += age
    assert await codes.check(code, *CALL) == found


async def test_a_used_or_revoked_code_is_never_good_again(at: At) -> None:
    codes = Codes(at)
    used, revoked = codes.new_code(*CALL), codes.new_code(*CALL)
    at.now -= 1
    assert await codes.use(used, *CALL) == "valid"
    await codes.revoke(revoked)
    for passed in (0, 1 + CODE_SECONDS):
        at.now += passed
        for code in (used, revoked):
            assert await codes.check(code, *CALL) == "used"
            assert await codes.use(code, *CALL) == "used"


async def test_a_decline_voids_what_was_given_until_then_whatever_was_shown(at: At) -> None:
    codes = Codes(at)
    earlier = [codes.new_code(*CALL, reason, state) for reason, state in (("a", 1), ("b", 1), ("a", 2))]
    other = codes.new_code("delete", {"id": 2}, "a", 1)
    await codes.decline(*CALL, "a", 1)
    at.now += 0.001
    later = codes.new_code(*CALL, "a", 1)
    at.now += CODE_SECONDS - 0.001
    for code, (reason, state) in zip(earlier, (("a", 1), ("b", 1), ("a", 2)), strict=True):
        assert await codes.use(code, *CALL, reason, state) == "declined"
    assert await codes.use(later, *CALL, "a", 1) == "valid"
    assert await codes.use(other, "delete", {"id": 2}, "a", 1) == "valid"


async def test_codes_of_a_lasting_key_are_good_in_the_next_process_and_for_older_keys(at: At) -> None:
    code = Codes(at, lambda: [KEY]).new_code(*CALL)
    assert await Codes(at, lambda: [KEY]).check(code, *CALL) == "valid"
    assert await Codes(at, lambda: [OTHER_KEY, KEY]).check(code, *CALL) == "valid"
    for others in (Codes(at, lambda: [OTHER_KEY]), Codes(at, list[bytes]), Codes(at)):
        assert await others.check(code, *CALL) == "forged or for another call"
    assert Codes(at, lambda: [KEY]).is_lasting
    assert not Codes(at).is_lasting


async def test_half_of_a_character_in_an_argument_breaks_no_code(at: At) -> None:
    codes = Codes(at)
    code = codes.new_code("delete", {"name": "\ud800"})
    assert await codes.check(code, "delete", {"name": "\ud800"}) == "valid"
    assert await codes.check(code, "delete", {"name": "\ud801"}) == "forged or for another call"


@pytest.mark.parametrize("reason", ["first", "second"])
async def test_a_decline_voids_the_codes_of_other_processes_states_and_reasons(
    reason: str, era: Era, tmp_path: Path
) -> None:
    sandbox = Sandbox()
    total = field_of(ready(sandbox)[0], "total_amount")
    settings = Settings(confirm="writes", journal=f"sqlite:///{tmp_path / 'journal.sqlite'}")

    def asking(answer: ElicitResult) -> Client:
        async def person(context: Any, params: Any) -> ElicitResult:
            return answer

        behind, transport = embedded(settings, sandbox)
        return Client(build_server(behind, transport=transport), mode=era, elicitation_callback=person)

    tool, arguments = "nanonets_delete_field", {**total_of(ready(sandbox)[0]), "reason": "first"}
    async with asking(ElicitResult(action="cancel")) as client:
        code = (await client.call_tool(tool, arguments)).structured_content["docreview"]["confirm"]
    shown, total.value = total.value, "999"
    async with asking(ElicitResult(action="accept", content={"confirm": False})) as client:
        declined = error_of(await client.call_tool(tool, {**arguments, "reason": reason}))
        assert declined["code"] == "not_allowed"
    total.value = shown
    async with asking(ElicitResult(action="cancel")) as client:
        error = error_of(await client.call_tool(tool, {**arguments, "confirm": code}))
    assert "the person declined this call" in error["message"]
    assert sent(sandbox) == []


@pytest.mark.parametrize("tool", ["review_apply", "review_files", "review_undo"])
async def test_a_decline_voids_the_codes_that_a_tool_for_many_items_gave_for_another_state(
    tool: str, era: Era
) -> None:
    """The question says what is there now, but it is the same call."""
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")
    v2 = {"model_id": document.workflow_id, "file_ids": [document.id], "action": "approve"}
    v4: dict[str, Any] = {"workflow_id": document.workflow_id, "document_id": document.id}
    calls: dict[str, dict[str, Any]] = {
        "review_files": v2,
        "review_apply": {**v4, "changes": [{"field_data_id": total.id, "value": "1.00"}]},
        "review_undo": {"entry": 1},
    }
    first = [YES] if tool == "review_undo" else []
    answers = [*first, ElicitResult(action="cancel"), NO]

    async def person(context: Any, params: Any) -> ElicitResult:
        return answers.pop(0)

    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://"), sandbox)
    server = build_server(behind, transport=transport)
    async with Client(server, mode=era, elicitation_callback=person) as client:
        if tool == "review_undo":
            mark = {**total_of(document), "verification_status": "verified"}
            assert not (await client.call_tool("nanonets_verify_field", mark)).is_error
        asked = await client.call_tool(tool, calls[tool])
        code = asked.structured_content["docreview"]["confirm"]
        shown, total.value = total.value, "999"
        assert error_of(await client.call_tool(tool, calls[tool]))["code"] == "not_allowed"
        total.value = shown
        error = error_of(await client.call_tool(tool, {**calls[tool], "confirm": code}))
    assert "the person declined this call" in error["message"]


async def test_a_key_that_cannot_be_read_is_named_and_nothing_is_sent(era: Era, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite.key").mkdir()
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}", "confirm": "destructive"}
    async with reviewing(era=era, **kept) as (client, sandbox):
        field = total_of(ready(sandbox)[0])
        error = error_of(await client.call_tool("nanonets_delete_field", field))
        assert (error["code"], error["done"]) == ("not_configured", "no")
        assert "journal.sqlite.key, cannot be used: " in error["message"]
        assert sent(sandbox) == []


UPLOADS = sorted(each.tool for each in load_operations().values() if file_sources_of(each))


@pytest.mark.parametrize("tool", UPLOADS)
async def test_a_code_is_good_for_the_content_that_the_file_had(tool: str, tmp_path: Path, era: Era) -> None:
    """Whoever writes the file after the person agreed would have another one sent under the same path."""
    file = tmp_path / f"given.{_ending_for(tool)}"
    file.write_bytes(b"name\nGood\n")
    settings: dict[str, Any] = {"confirm": "writes", "toolsets": "all", "files": str(tmp_path)}
    async with reviewing(era=era, **settings, journal="sqlite://") as (client, sandbox):
        arguments = {**_ids_of(tool), "file_path": str(file)}
        asked = await client.call_tool(tool, arguments)
        assert "10 bytes, SHA-256 14b706934d84" in error_of(asked)["message"]
        arguments["confirm"] = asked.structured_content["docreview"]["confirm"]
        file.write_bytes(b"name\nEvil\n")
        assert error_of(await client.call_tool(tool, arguments))["code"] == "needs_confirmation"
        assert not [each for each in sandbox.received if each.method != "GET" and each.operation != "login"]
        file.write_bytes(b"name\nGood\n")
        last = (await client.call_tool(tool, arguments)).structured_content
        assert last.get("error", {}).get("code") != "needs_confirmation"


def _ending_for(tool: str) -> str:
    operation = next(each for each in load_operations().values() if each.tool == tool)
    return next(iter(file_types_of(operation)), "csv")


def _ids_of(tool: str) -> dict[str, Any]:
    """An argument for everything else that an upload requires."""
    operation = next(each for each in load_operations().values() if each.tool == tool)
    required = [each for each in arguments_of(operation) if each.required and each.location != "file"]
    return {each.name: 1 if each.schema["type"] == "integer" else "x" for each in required}


async def test_a_file_that_changes_while_a_person_decides_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "classes.csv"
    file.write_text("name\nGood\n")
    sandbox = Sandbox()
    given = Settings(confirm="writes", journal="sqlite://", files=(tmp_path,), toolsets=("all",))
    behind, transport = embedded(given, sandbox)

    async def person(context: Any, params: Any) -> ElicitResult:
        file.write_text("name\nEvil\n")
        return ElicitResult(action="accept", content={"confirm": True})

    server = build_server(behind, transport=transport)
    async with Client(server, mode="legacy", elicitation_callback=person) as client:
        arguments = {"project_id": 1, "file_path": str(file)}
        error = error_of(await client.call_tool("studio_upload_classes_file", arguments))
    assert (error["code"], error["done"]) == ("conflict", "no")
    assert "uploadClasses" not in [each.operation for each in sandbox.received]


async def test_a_person_is_shown_no_base64(era: Era) -> None:
    content = base64.b64encode(b"name\nGood\n").decode()
    async with reviewing(era=era, confirm="writes", toolsets="all") as (client, _):
        arguments = {"project_id": 1, "file_base64": content, "file_name": "classes.csv"}
        message = error_of(await client.call_tool("studio_upload_classes_file", arguments))["message"]
    assert content not in message
    assert "file_name “classes.csv”, file_content “10 bytes, SHA-256 14b706934d84" in message
