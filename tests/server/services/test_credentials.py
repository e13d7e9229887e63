"""Who the services are told is calling, and that nobody else learns it."""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from conftest import ACCOUNT, Era, Network, answers, connected, error_of, own
from docreview_mcp.server.logs import set_up_logging
from docreview_mcp.tools import load_tools
from pydantic import SecretStr
from results import text_of

LOGIN = {"studio_token": None, "studio_email": "ada@example.com", "studio_password": "correct horse battery"}
PROJECT = ("studio_get_project", {"project_id": 1})


def token(seconds: float = 3600, number: int = 0) -> str:
    claims = {"exp": time.time() + seconds, "n": number}
    return jwt.encode(claims, "a signing key that is long enough for HS256", algorithm="HS256")


class Studio(Network):
    """Knows one e-mail address, gives out tokens and takes only the newest one."""

    def __init__(self, lives: float = 3600) -> None:
        super().__init__(self._reply)
        self.logins = 0
        self.valid = ""
        self._lives = lives

    def _reply(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path in ("/auth/login", "/auth/register"):
            self.logins += 1
            body = json.loads(request.content)
            if body.get("password") != LOGIN["studio_password"]:
                return httpx2.Response(401, json={"message": f"wrong password {body.get('password')}"})
            self.valid = token(self._lives, self.logins)
            return httpx2.Response(200, json={"auth_token": self.valid, "message": "in", "status": "OK"})
        if request.headers.get("authorization") != f"Bearer {self.valid}":
            return httpx2.Response(401, json={"message": "token expired"})
        return httpx2.Response(200, json={"id": 1, "echo": self.valid})


async def test_nanonets_key_is_the_user_name_of_basic_authentication(era: Era) -> None:
    network = Network()
    async with connected(network, era) as client:
        await client.call_tool("nanonets_list_workflows", {})
    sent = network.requests[0].headers["authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == f"{ACCOUNT['nanonets_api_key']}:"


@pytest.mark.parametrize(
    ("call", "missing"),
    [(("nanonets_list_workflows", {}), "NANONETS_API_KEY"), (PROJECT, "STUDIO_EMAIL")],
)
async def test_without_credentials_tools_are_listed_and_calls_name_the_variable(
    call: tuple[str, dict[str, Any]], missing: str, era: Era
) -> None:
    network = Network()
    async with connected(network, era, nanonets_api_key=None, studio_token=None) as client:
        assert len((await client.list_tools()).tools) == sum(
            tool.tier not in ("extra", "lean", "app") for tool in load_tools()
        )
        error = error_of(await client.call_tool(*call))
    assert (error["code"], error["done"]) == ("not_configured", "no")
    assert missing in error["message"]
    assert network.requests == []


async def test_any_number_of_waiting_calls_sign_in_once() -> None:
    network = Studio()
    async with connected(network, **LOGIN) as client, anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(lambda: client.call_tool(*PROJECT))
    assert network.logins == 1
    assert len(network.requests) == 13


async def test_a_token_is_renewed_before_it_ends() -> None:
    network = Studio(lives=30)
    async with connected(network, **LOGIN) as client:
        for _ in range(3):
            assert not (await client.call_tool(*PROJECT)).is_error
    assert network.logins == 3, "a token with less than a minute left is not used"


async def test_a_refused_token_is_renewed_once_for_all_waiting_calls() -> None:
    network = Studio()
    async with connected(network, **LOGIN) as client:
        await client.call_tool(*PROJECT)
        network.valid = "revoked"
        results: list[Any] = []

        async def call() -> None:
            results.append(await client.call_tool(*PROJECT))

        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(call)
    assert network.logins == 2
    assert not any(result.is_error for result in results)


async def test_a_given_token_that_is_refused_is_told_and_not_repeated() -> None:
    network = Network(answers(httpx2.Response(401, json={"message": "token expired"})))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*PROJECT))
    assert (error["code"], error["status"]) == ("unauthorized", 401)
    assert "STUDIO_TOKEN" in error["next"]
    assert len(network.requests) == 1


async def test_wrong_password_is_told_without_repeating_it() -> None:
    network = Studio()
    wrong = {**LOGIN, "studio_password": "wrong password here"}
    async with connected(network, **wrong) as client:
        result = await client.call_tool(*PROJECT)
    error = error_of(result)
    assert (error["code"], error["done"]) == ("unauthorized", "no")
    assert "wrong password here" not in result.model_dump_json()


@pytest.mark.parametrize("tool", ["studio_login", "studio_register"])
async def test_signing_in_by_tool_keeps_the_token_and_never_shows_it(tool: str, era: Era) -> None:
    network = Studio()
    account = {"email": "ada@example.com", "password": LOGIN["studio_password"]}
    async with connected(network, era, studio_token=None, nanonets_api_key=None) as client:
        result = await client.call_tool(tool, account)
        after = await client.call_tool(*PROJECT)
    assert own(result) == {"auth_token": "[secret removed]", "message": "in", "status": "OK"}
    assert own(after) == {"id": 1, "echo": "[secret removed]"}
    assert network.valid not in (result.model_dump_json() + after.model_dump_json())


async def test_logging_out_ends_the_session() -> None:
    network = Studio()
    account = {"email": "ada@example.com", "password": LOGIN["studio_password"]}
    async with connected(network, studio_token=None, toolsets="all") as client:
        await client.call_tool("studio_login", account)
        await client.call_tool("studio_logout", {})
        error = error_of(await client.call_tool(*PROJECT))
    assert error["code"] == "unauthorized"


async def test_credentials_go_to_their_own_host_only() -> None:
    network = Network()
    settings: dict[str, Any] = {
        "nanonets_base_url": "https://nano.example/a/b",
        "studio_base_url": "https://studio.example",
    }
    async with connected(network, **settings) as client:
        await client.call_tool("nanonets_list_workflows", {})
        await client.call_tool(*PROJECT)
    first, second = network.requests
    assert str(first.url) == "https://nano.example/a/b/api/v4/workflows"
    assert str(second.url) == "https://studio.example/projects/1"
    assert first.headers["authorization"].startswith("Basic ")
    assert second.headers["authorization"] == f"Bearer {ACCOUNT['studio_token']}"


SECRETS_IN_ANSWERS = [
    ("studio_list_product_keys", {"user_id": 1}, [{"id": 1, "token": "f9bf78b9a18ce6d4"}]),
    ("studio_delete_product_key", {"user_id": 1, "key_id": 1}, [{"id": 1, "token": "f9bf78b9a18ce6d4"}]),
    (
        "studio_list_invitations",
        {"organization_id": 1},
        [{"id": 1, "invitation_link": "https://x/f9bf78b9a18ce6d4"}],
    ),
    (
        "studio_invite_users",
        {"organization_id": 1, "role": "USER", "emails": ["a@b.c"]},
        {"invitations": [{"invitation_link": "https://x/f9bf78b9a18ce6d4"}]},
    ),
    ("studio_get_user", {"user_id": 1}, {"password": "f9bf78b9a18ce6d4"}),
    ("studio_get_user_permissions", {"user_id": 1}, {"password": "f9bf78b9a18ce6d4"}),
    (
        "nanonets_get_file",
        {"model_id": "m", "request_file_id": "f"},
        {"signed_urls": {"uploadedfiles/x": {"original": "https://s3/?f9bf78b9a18ce6d4"}}},
    ),
]


@pytest.mark.parametrize(
    ("tool", "arguments", "answer"), SECRETS_IN_ANSWERS, ids=lambda value: str(value)[:30]
)
async def test_secrets_in_answers_are_removed(tool: str, arguments: Any, answer: Any, era: Era) -> None:
    network = Network(answers(httpx2.Response(200, json=answer)))
    async with connected(network, era) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error
    assert "f9bf78b9a18ce6d4" not in result.model_dump_json()
    assert "[secret removed]" in text_of(result)


async def test_what_was_removed_is_never_written_back() -> None:
    network = Network()
    async with connected(network) as client:
        arguments = {"user_id": 1, "email": "a@b.c", "password": "[secret removed]"}
        error = error_of(await client.call_tool("studio_update_user", arguments))
    assert "password" in error["message"]
    assert network.requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 502])
async def test_no_secret_in_any_error(status: int, caplog: pytest.LogCaptureFixture) -> None:
    def echo(request: httpx2.Request) -> httpx2.Response:
        said = f"{request.headers.get('authorization')} {ACCOUNT} {request.content.decode()}"
        return httpx2.Response(status, json={"message": said}, headers={"Retry-After": "300"})

    caplog.set_level(logging.DEBUG)
    async with connected(Network(echo)) as client:
        first = await client.call_tool("studio_update_user", {"user_id": 1, "password": "my new password"})
        second = await client.call_tool("nanonets_list_workflows", {})
    for text in (first.model_dump_json(), second.model_dump_json()):
        assert ACCOUNT["nanonets_api_key"] not in text
        assert base64.b64encode(f"{ACCOUNT['nanonets_api_key']}:".encode()).decode() not in text
        assert ACCOUNT["studio_token"] not in text
        assert "my new password" not in text


def test_no_quoted_text_forges_a_line_of_the_log_or_moves_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        set_up_logging("INFO", lambda: ["a key that is secret"])
        said = "no\x1b[2J\r\n2026-01-01 CRITICAL forged\u2028\u202e a key\u200b that is secret"
        logging.getLogger("quoting").info("the service said: %s", said)
        try:
            raise RuntimeError("\x1b]0;title\x07 raised")
        except RuntimeError:
            logging.getLogger("raising").exception("failed")
    finally:
        logging.getLogger().handlers[:], logging.getLogger().level = before
    said, *raised = capsys.readouterr().err.splitlines()
    assert said.endswith("no[2J  2026-01-01 CRITICAL forged  [secret removed]")
    assert raised[-1] == "RuntimeError: ]0;title raised"
    assert "\x1b" not in "".join(raised)


def test_logs_are_masked_for_every_logger(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        set_up_logging("DEBUG", lambda: ["a key that is secret"])
        logging.getLogger("httpx2").info("GET https://x Authorization: Bearer %s", token())
        logging.getLogger("httpx2").info("HTTP Request: GET https://x/page.png?X-Signature=opens-it 200 OK")
        logging.getLogger("any.other").warning("key %s", "a key that is secret")
        try:
            raise RuntimeError("Basic YWJjZGVmZ2hpams6 and a key that is secret")
        except RuntimeError:
            logging.getLogger("third").exception("failed")
    finally:
        logging.getLogger().handlers[:], logging.getLogger().level = before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a key that is secret" not in captured.err
    assert "eyJ" not in captured.err
    assert "https://x/page.png?… 200 OK" in captured.err
    assert "YWJjZGVmZ2hpams6" not in captured.err
    assert "RuntimeError" in captured.err


def test_settings_do_not_show_secrets() -> None:
    from docreview_mcp.server import Settings

    settings = Settings(nanonets_api_key=SecretStr("nanonets-key"), studio_password=SecretStr("studio-pass"))
    assert "nanonets-key" not in repr(settings)
    assert "studio-pass" not in str(settings)


JOIN = ("studio_accept_invitation", {"token": "invitation-token-1", "password": "a password"})
OPTIONAL_SIGN_IN = [
    JOIN,
    ("studio_reset_password", {"reset_password_token": "reset-token-1", "password": "a password"}),
    ("studio_send_password_reset", {"email": "ada@example.com"}),
]


@pytest.mark.parametrize("call", OPTIONAL_SIGN_IN, ids=lambda call: call[0])
async def test_calls_before_any_login_carry_the_token_only_where_there_is_one(
    call: tuple[str, dict[str, Any]], era: Era
) -> None:
    without, with_token = Network(), Network()
    async with connected(without, era, studio_token=None, nanonets_api_key=None) as client:
        assert not (await client.call_tool(*call)).is_error
    async with connected(with_token, era) as client:
        assert not (await client.call_tool(*call)).is_error
    assert [request.headers.get("authorization") for request in without.requests] == [None]
    assert [request.headers["authorization"] for request in with_token.requests] == [
        f"Bearer {ACCOUNT['studio_token']}"
    ]


async def test_a_refusal_without_a_token_leads_to_one_login_and_one_more_try() -> None:
    network = Studio()
    async with connected(network, **LOGIN) as client:
        assert not (await client.call_tool(*JOIN)).is_error
    assert [request.url.path for request in network.requests] == [
        "/organizations/users/invite/accept",
        "/auth/login",
        "/organizations/users/invite/accept",
    ]
    async with connected(Studio(), studio_token=None, nanonets_api_key=None) as client:
        error = error_of(await client.call_tool(*JOIN))
    assert (error["code"], error["status"], error["done"]) == ("unauthorized", 401, "no")
