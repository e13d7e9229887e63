"""What comes back: one object in both channels, whole or with a note of what was cut."""

from __future__ import annotations

import base64
import io
import json
import random
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import ACCOUNT, Era, Network, answers, connected, error_of, own, told_beside
from docreview_mcp.schemas import load_operations
from docreview_mcp.server import Settings, build_server
from mcp import Client
from PIL import Image
from results import blob_of, image_of, meta_of, text_of
from samples import plain_arguments

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(200)).decode()
GET = ("nanonets_get_document", {"workflow_id": "w", "document_id": "d"})
WRITE = ("nanonets_retry_exports", {"model_id": "m", "file_ids": ["f"]})


async def result_of(
    response: httpx2.Response, call: tuple[str, dict[str, Any]] = GET, era: Era = "auto", **settings: Any
) -> Any:
    async with connected(Network(answers(response)), era, **settings) as client:
        return await client.call_tool(*call)


@pytest.mark.parametrize(
    ("response", "structured"),
    [
        (httpx2.Response(200, json={"a": [1, None]}), {"a": [1, None]}),
        (httpx2.Response(200, json=[{"id": 1}]), {"items": [{"id": 1}]}),
        (httpx2.Response(200, json=[]), {"items": []}),
        (httpx2.Response(200), {"ok": True, "status": 200}),
        (httpx2.Response(202), {"ok": True, "status": 202}),
        (httpx2.Response(204), {"ok": True, "status": 204}),
        (httpx2.Response(200, json="done"), {"value": "done"}),
        (httpx2.Response(200, text="all good"), {"text": "all good"}),
        (httpx2.Response(200, content=b'{"ok": 1}'), {"ok": 1}),
        (httpx2.Response(200, content=b'{"score": NaN, "low": -Infinity}'), {"score": None, "low": None}),
        (httpx2.Response(200, content=b'\xef\xbb\xbf{"ok": 1}'), {"ok": 1}),
    ],
)
async def test_the_result_is_always_an_object_and_the_same_in_both_channels(
    response: httpx2.Response, structured: dict[str, Any], era: Era
) -> None:
    result = await result_of(response, era=era)
    assert own(result) == structured
    assert text_of(result) == json.dumps(result.structured_content, separators=(",", ":"))


@pytest.mark.slow
async def test_every_documented_answer_is_delivered_to_a_validating_client(era: Era) -> None:
    """The client checks each result against the tool's output schema and fails on a difference."""
    odd = [{"unexpected": True}, [5], None, {"documents": {}, "items": "no", "id": "not a number"}]
    network = Network()
    async with connected(network, era, toolsets="all") as client:
        await client.list_tools()
        for operation in load_operations().values():
            if operation.ends_session:
                continue
            for body in odd:
                network._answer = answers(httpx2.Response(operation.success_status, json=body))
                result = await client.call_tool(operation.tool, plain_arguments(operation, False))
                assert not result.is_error, (operation.tool, body)


async def test_a_difference_from_the_document_is_noted_beside_the_answer(era: Era) -> None:
    answer = {"id": "seven", "classes": None, "extra": 1}
    result = await result_of(
        httpx2.Response(200, json=answer), ("studio_get_project", {"project_id": 7}), era
    )
    assert own(result) == answer
    assert result.meta["docreview/differs_from_document"] == ["answer.id: documented as integer, came string"]


@pytest.mark.parametrize(
    ("response", "call", "code", "done"),
    [
        (httpx2.Response(200, html="<!doctype html><h1>Sign in</h1>"), GET, "upstream_error", "no"),
        (httpx2.Response(200, html="<html>x"), WRITE, "upstream_error", "unknown"),
        (
            httpx2.Response(200, content=b'{"a": ', headers={"content-type": "application/json"}),
            GET,
            "upstream_error",
            "no",
        ),
        (
            httpx2.Response(200, content=b'{"a": ', headers={"content-type": "application/json"}),
            WRITE,
            "upstream_error",
            "yes",
        ),
        (
            httpx2.Response(200, content=b"\x00\xff", headers={"content-type": "application/x-thing"}),
            GET,
            "upstream_error",
            "no",
        ),
        (httpx2.Response(402, json={"message": "pay"}), GET, "payment_required", "no"),
        (httpx2.Response(403, json={"message": "role"}), WRITE, "forbidden", "no"),
        (httpx2.Response(404, json={"message": "gone"}), GET, "not_found", "no"),
        (
            httpx2.Response(409, json={"code": "x", "message": "stage", "details": {"stage": "rejected"}}),
            WRITE,
            "conflict",
            "no",
        ),
        (httpx2.Response(413), WRITE, "too_large", "no"),
        (httpx2.Response(422, json={"errors": [{"name": "bad"}]}), WRITE, "invalid_arguments", "no"),
        (httpx2.Response(418), GET, "upstream_error", "no"),
        (httpx2.Response(500, text="Traceback"), GET, "upstream_error", "no"),
        (httpx2.Response(500, text="Traceback"), WRITE, "upstream_error", "unknown"),
    ],
)
async def test_failures_say_what_happened_and_what_to_do(
    response: httpx2.Response, call: Any, code: str, done: str, era: Era
) -> None:
    error = error_of(await result_of(response, call, era))
    assert (error["code"], error["done"], error["status"]) == (code, done, response.status_code)
    assert error["message"].startswith(call[0])
    assert len(error["next"]) > 10


@pytest.mark.parametrize(
    "body",
    [
        {"code": "invalid", "message": "the total is wrong", "details": {}},
        {"error": "the total is wrong"},
        {"errors": ["the total is wrong"]},
        {"message": {"total": "the total is wrong"}},
        "the total is wrong",
    ],
)
async def test_the_reason_of_the_service_reaches_the_agent(body: Any) -> None:
    response = httpx2.Response(400, text=body) if isinstance(body, str) else httpx2.Response(400, json=body)
    assert "the total is wrong" in error_of(await result_of(response))["message"]


LONG = [{"text": f"Document {number}", "id": number, "note": "x" * 100} for number in range(1000)]


async def test_a_long_answer_is_cut_at_item_borders_and_says_how_to_get_the_rest(era: Era) -> None:
    call = ("studio_list_project_documents", {"project_id": 1, "offset": 200, "limit": 1000})
    result = await result_of(httpx2.Response(200, json={"documents": LONG, "has_more": False}), call, era)
    shown = result.structured_content["documents"]
    assert shown == LONG[: len(shown)]
    assert 300 < len(shown) < 1000
    assert len(text_of(result)) <= 60_500
    cut = result.structured_content["docreview"]["cut"]
    assert cut["left_out"] == [{"where": "documents", "items_shown": len(shown), "items_in_all": 1000}]
    assert cut["rest"] == {"offset": 200 + len(shown)}
    assert json.loads(text_of(result)) == result.structured_content


async def test_pages_lead_to_the_rest_without_a_gap_or_a_repetition() -> None:
    for page in (1, 2, 3):
        call = ("nanonets_list_documents", {"workflow_id": "w", "page": page, "limit": 100})
        result = await result_of(
            httpx2.Response(200, json={"documents": LONG[:100]}), call, answer_limit=6000
        )
        shown = len(result.structured_content["documents"])
        rest = result.structured_content["docreview"]["cut"]["rest"]
        assert (rest["page"] - 1) * rest["limit"] == (page - 1) * 100 + shown


async def test_what_cannot_be_paged_says_how_to_ask_for_less() -> None:
    call = ("studio_list_groups", {"project_id": 1})
    result = await result_of(httpx2.Response(200, json=LONG), call, answer_limit=5000)
    assert isinstance(result.structured_content["docreview"]["cut"]["rest"], str)
    one_text = await result_of(httpx2.Response(200, json={"text": "y" * 90_000}))
    cut = one_text.structured_content["docreview"]["cut"]["left_out"][0]
    assert (cut["where"], cut["characters_in_all"]) == ("text", 90_000)


async def test_pictures_come_as_pictures_and_not_as_text(era: Era) -> None:
    answer = {"documents": [{"annotated_pages": [PNG, f"data:image/png;base64,{PNG}"]}], "model": "m"}
    arguments = {
        "organization_id": 1,
        "project_id": 1,
        "model_id": 1,
        "file_base64": PNG,
        "file_name": "a.png",
    }
    result = await result_of(
        httpx2.Response(200, json=answer), ("studio_extract_information", arguments), era
    )
    assert told_beside(result)["documents"][0]["annotated_pages"] == ["[picture 1]", "[picture 2]"]
    assert [(block.type, block.mime_type, block.data) for block in result.content[1:]] == [
        ("image", "image/png", PNG),
        ("image", "image/png", PNG),
    ]


DOWNLOAD = ("nanonets_download_document", {"workflow_id": "w", "document_id": "d"})


async def test_a_downloaded_picture_is_shown(era: Era) -> None:
    response = httpx2.Response(200, content=base64.b64decode(PNG), headers={"content-type": "image/png"})
    result = await result_of(response, DOWNLOAD, era)
    assert image_of(result, 1).data == PNG
    assert told_beside(result)["bytes"] == 208


def noise(side: int) -> bytes:
    """A picture that cannot be compressed."""
    output = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(5).randbytes(side * side * 3)).save(output, "PNG")
    return output.getvalue()


async def test_pictures_are_left_out_of_results_that_nobody_asked_for_them() -> None:
    result = await result_of(httpx2.Response(200, json={"metadata": f"data:image/png;base64,{PNG}"}))
    assert [content.type for content in result.content] == ["text"]
    assert result.structured_content["metadata"].startswith("[picture of 2")


@pytest.mark.slow
async def test_large_pictures_are_made_smaller_and_the_file_is_saved_whole(tmp_path: Path, era: Era) -> None:
    content = noise(1100)
    response = httpx2.Response(200, content=content, headers={"content-type": "image/png"})
    result = await result_of(response, DOWNLOAD, era, downloads=tmp_path)
    told = told_beside(result)
    assert len(image_of(result, 1).data) <= 700_000
    assert "scaled down" in told["picture"]
    assert Path(told["path"]).read_bytes() == content
    settings = Settings(**ACCOUNT, journal="none", confirm="never")
    server = build_server(settings, transport=Network(answers(response)), local=False)
    async with Client(server, mode=era) as client:
        remote = await client.call_tool(*DOWNLOAD)
    assert [each.type for each in remote.content] == ["text", "image", "resource"]
    assert "attached" in told_beside(remote)["picture"]
    assert blob_of(remote, 2).blob == base64.b64encode(content).decode()


async def test_several_pictures_stay_together_within_what_hosts_take() -> None:
    pages = [base64.b64encode(noise(side)).decode() for side in (500, 600, 20)]
    arguments = {
        "organization_id": 1,
        "project_id": 1,
        "model_id": 1,
        "file_base64": PNG,
        "file_name": "a.png",
    }
    answer = {"documents": [{"annotated_pages": pages}]}
    result = await result_of(httpx2.Response(200, json=answer), ("studio_extract_information", arguments))
    shown = told_beside(result)["documents"][0]["annotated_pages"]
    assert ["scaled down" in each for each in shown] == [True, True, False]
    assert sum(len(content.data) for content in result.content[1:]) <= 700_000
    assert image_of(result, 3).data == pages[2]


async def test_a_downloaded_text_is_text() -> None:
    response = httpx2.Response(200, text="a,b\n1,2\n", headers={"content-type": "text/csv; charset=utf-8"})
    result = await result_of(response, DOWNLOAD)
    assert result.structured_content["text"] == "a,b\n1,2\n"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="invoice 7.pdf"', "invoice 7.pdf"),
        ('attachment; filename="../../.ssh/authorized_keys"', "authorized_keys"),
        ("attachment; filename*=UTF-8''%2e%2e%2fr%C3%A9sum%C3%A9.pdf", "résumé.pdf"),
        ('attachment; filename="..\\\\..\\\\x.pdf"', "x.pdf"),
        ("", "getDocumentOriginalFile.pdf"),
    ],
)
async def test_any_other_download_is_saved_where_the_user_said_and_nowhere_else(
    disposition: str, name: str, tmp_path: Path
) -> None:
    headers = {"content-type": "application/pdf", "content-disposition": disposition}
    response = httpx2.Response(200, content=b"%PDF-1.4 \xe9", headers=headers)
    folder = tmp_path / "downloads"
    first = await result_of(response, DOWNLOAD, downloads=folder)
    second = await result_of(response, DOWNLOAD, downloads=folder)
    assert own(first) == {
        "path": str(folder / name),
        "file_name": name,
        "content_type": "application/pdf",
        "bytes": 10,
    }
    assert first.structured_content["docreview"].keys() == {"outside"}, "nothing on reading it as text"
    assert second.structured_content["path"] != first.structured_content["path"], "nothing is written over"
    assert len(list(folder.iterdir())) == 2
    assert Path(first.structured_content["path"]).read_bytes() == b"%PDF-1.4 \xe9"


async def test_results_from_the_sandbox_say_so(era: Era) -> None:
    async with connected(era=era, sandbox=True) as client:
        good = await client.call_tool("nanonets_list_workflows", {})
        bad = await client.call_tool("nanonets_get_workflow", {"workflow_id": "nope"})
        instructions = client.instructions or ""
    assert meta_of(good)["docreview/sandbox"] is True
    assert meta_of(bad)["docreview/sandbox"] is True
    assert "SANDBOX" in instructions


async def test_an_answer_that_no_transport_could_carry_is_still_delivered(era: Era) -> None:
    """Half characters and very deep nesting break the JSON of the protocol itself."""
    half = await result_of(
        httpx2.Response(200, content=b'{"a": "\\ud800 x", "\\udfff": 1, "b": "\\ud83d\\ude00"}'), era=era
    )
    assert own(half) == {"a": "? x", "?": 1, "b": "\U0001f600"}
    assert half.model_dump_json()
    refused = await result_of(httpx2.Response(400, content=b'{"message": "\\ud800"}'), era=era)
    assert refused.model_dump_json()
    for levels in (300, 100_000):
        deep = await result_of(httpx2.Response(200, content=b"[" * levels + b"]" * levels), era=era)
        assert not deep.is_error
        assert deep.model_dump_json()


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        {f"group {n}": [n] * 20 for n in range(4000)},
        {f"key {n}": n for n in range(100_000)},
        {f"text {n}": "y" * 1900 for n in range(1000)},
        [{"a": "x" * 82_000}, {"a": "x" * 82_000}],
        {"moderated": [{"b": ["z" * 50] * 3000}] * 2, "unmoderated": [{"b": ["z" * 50] * 3000}] * 20},
        {"quotes": '"' * 100_000},
        {"lines": ["\n" * 3000] * 1000},
        {"b": 2, "k" * 200_000: 1},
    ],
    ids=[
        "many lists",
        "many keys",
        "many texts",
        "two large items",
        "two lists of large items",
        "escapes",
        "line ends",
        "long name",
    ],
)
async def test_any_shape_is_cut_to_size_quickly_and_something_of_everything_is_left(answer: Any) -> None:
    result = await result_of(httpx2.Response(200, json=answer))
    structured = result.structured_content
    assert len(text_of(result)) <= 61_000
    assert structured["docreview"]["cut"]["left_out"]
    kept = structured.get("items", [value for name, value in structured.items() if name != "docreview"])
    assert kept
    if isinstance(answer, dict) and "moderated" in answer:
        assert structured["moderated"]
        assert structured["unmoderated"]


async def test_arguments_of_any_depth_and_size_are_refused_and_not_a_fault() -> None:
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    network = Network()
    async with connected(network) as client:
        for value in ("[" * 100_000, '{"a":' * 50_000, [deep], [10**5000]):
            arguments = {"model_id": "m", "moderated_boxes": value, "page": {}}
            error = error_of(await client.call_tool("nanonets_update_file_fields", arguments))
            assert (error["code"], error["done"]) == ("invalid_arguments", "no")
    assert network.requests == []


async def test_words_of_documents_are_not_taken_for_secrets(era: Era) -> None:
    answer = {
        "pages": [{"data": {"fields": {"token": [{"value": "T-1"}], "password": [{"value": "P-2"}]}}}],
        "line": "Basic Subscription, 12 months, Basic Instruments GmbH, Bearer bonds",
    }
    result = await result_of(httpx2.Response(200, json=answer), era=era)
    assert own(result) == answer


async def test_known_secrets_are_removed_from_every_place_and_nothing_else_breaks() -> None:
    key = 'kéy"with\\odd-1234567'
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
    settings: dict[str, Any] = {"studio_email": "a@b.c", "studio_password": "1234", "studio_token": token}
    body = {"id": 1234, "said": f"the key {key} and {token}", "pin": "1234", "name 1234": "12345"}
    call = ("studio_get_project", {"project_id": 1})
    result = await result_of(httpx2.Response(200, json=body), call, **settings)
    assert result.structured_content["id"] == 1234
    assert result.structured_content["pin"] == "[secret removed]"
    assert result.structured_content["name [secret removed]"] == "12345"
    assert token not in result.model_dump_json()


async def test_downloads_and_cut_reasons_hold_no_secret() -> None:
    key = "nanonets-key-0123456789"
    headers = {"content-type": "text/csv", "content-disposition": f'attachment; filename="{key}.csv"'}
    text = await result_of(httpx2.Response(200, text=f"key,{key}\n", headers=headers), DOWNLOAD)
    assert key not in text.model_dump_json()
    reason = await result_of(httpx2.Response(400, json={"message": "x" * 485 + key}))
    assert key[:12] not in reason.model_dump_json()


async def test_what_hosts_cannot_show_is_no_picture(tmp_path: Path) -> None:
    wave = base64.b64encode(b"RIFF\x00\x00\x00\x00WAVE" + bytes(200)).decode()
    result = await result_of(
        httpx2.Response(200, json={"sound": wave, "svg": f"data:image/svg+xml;base64,{wave}"})
    )
    assert len(result.content) == 1
    tiff = httpx2.Response(200, content=b"II*\x00" + bytes(50), headers={"content-type": "image/tiff"})
    saved = await result_of(tiff, DOWNLOAD, downloads=tmp_path)
    assert saved.structured_content["path"].startswith(str(tmp_path))


async def test_a_long_name_of_a_download_keeps_its_ending(tmp_path: Path) -> None:
    name = "\U0001f600" * 100
    headers = {
        "content-type": "application/pdf",
        "content-disposition": f"attachment; filename*=UTF-8''{name}.pdf",
    }
    response = httpx2.Response(
        200, content=b"%PDF", headers={k.encode(): v.encode() for k, v in headers.items()}
    )
    result = await result_of(response, DOWNLOAD, downloads=tmp_path)
    assert result.structured_content["path"].endswith(".pdf")


async def test_another_character_set_is_read_as_named() -> None:
    headers = {"content-type": "application/json; charset=iso-8859-1"}
    result = await result_of(httpx2.Response(200, content='{"a": "é"}'.encode("latin-1"), headers=headers))
    assert own(result) == {"a": "é"}


async def test_secret_properties_are_removed_from_errors_and_from_what_cannot_be_read_too() -> None:
    secrets = {"token": "pk-secret-unknown", "invitation_link": "https://x/i/abc", "password": 12345678}
    call = ("studio_get_user", {"user_id": 1})
    deep: Any = []
    for _ in range(150):
        deep = [deep]
    for response in (
        httpx2.Response(400, json=secrets),
        httpx2.Response(200, json=secrets),
        httpx2.Response(200, json={**secrets, "deep": deep}),
        httpx2.Response(200, text=json.dumps(secrets)[:-1]),
        httpx2.Response(200, json={"invitation_link": ["https://x/i/abc"]}),
    ):
        shown = (await result_of(response, call)).model_dump_json()
        assert "pk-secret-unknown" not in shown
        assert "https://x/i/abc" not in shown


async def test_a_secret_argument_is_not_left_half_by_shortening() -> None:
    password = "Hunter2-Correct-Horse"
    arguments = {"email": "a@b.c", "password": password}
    for padding in (470, 970):
        response = httpx2.Response(400, json={"message": "x" * padding + password})
        result = await result_of(response, ("studio_login", arguments))
        assert password[:8] not in result.model_dump_json()
        assert len(error_of(result)["message"]) < 1200


async def test_texts_made_to_slow_the_masking_down_do_not(era: Era) -> None:
    result = await result_of(
        httpx2.Response(200, json={"t": "eyJ" * 150_000, "u": "eyJaaaaaaaa." * 20_000}), era=era
    )
    assert not result.is_error
