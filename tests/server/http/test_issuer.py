"""The keys of an issuer are fetched rarely, go on while it is away, and are found as it says."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import anyio
import httpx2
import pytest
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.doctor.doctor import examine
from docreview_mcp.server.http.settings import HttpSettings, read_http_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from http_callers import MODERN, PING, served
from issuers import (
    DISCOVERY,
    ISSUER,
    JWKS,
    URL,
    Issuer,
    bearer,
    jwk,
    rsa_key,
    signing_in,
    token,
)
from pydantic import AliasChoices

DAY = 24 * 60 * 60
ROOT = "https://login.example.com"
OLDER = f"{ROOT}/.well-known/oauth-authorization-server/realm"


async def status(client: httpx2.AsyncClient, shown: str) -> int:
    return (await client.post("/mcp", json=PING, headers=bearer(shown))).status_code


async def readiness(client: httpx2.AsyncClient) -> dict[str, Any]:
    response = await client.get("/readyz")
    assert response.status_code == 200
    return response.json()


@pytest.mark.slow
async def test_a_thousand_unknown_keys_are_at_most_one_fetch() -> None:
    issuer = Issuer()
    unknown = [token(headers={"kid": f"unknown-{number}"}) for number in range(20)]
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == 200
        await anyio.sleep(60)
        before = issuer.fetches
        codes: list[int] = []

        async def ask(shown: str) -> None:
            codes.append(await status(client, shown))

        for _ in range(49):
            for each in unknown:
                await ask(each)
        async with anyio.create_task_group() as group:
            for each in unknown:
                group.start_soon(ask, each)
    assert codes == [401] * 1000
    assert issuer.fetches - before == 1


async def test_tokens_of_another_issuer_make_nobody_ask_for_keys() -> None:
    issuer = Issuer()
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == 200
        await anyio.sleep(60)
        before = len(issuer.asked)
        foreign = token("stranger", iss="https://other.example.com")
        assert await status(client, foreign) == 401
        assert len(issuer.asked) == before


async def test_new_keys_are_known_at_once_and_old_ones_forgotten() -> None:
    issuer = Issuer()
    async with served(http=signing_in(), issuer=issuer) as client:
        old, new = token(), token("stranger")
        assert await status(client, old) == 200
        await anyio.sleep(31)
        issuer.keys = [jwk(rsa_key("stranger"), "stranger")]
        assert await status(client, new) == 200
        await anyio.sleep(61)
        assert await status(client, old) == 401
        assert await status(client, new) == 200


async def test_a_withdrawn_key_is_forgotten_without_anybody_asking() -> None:
    issuer = Issuer()
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == 200
        issuer.keys = [jwk(rsa_key("stranger"), "stranger")]
        await anyio.sleep(310)
        assert await status(client, token()) == 401


async def test_what_was_found_of_a_token_is_not_kept_longer_than_the_token() -> None:
    issuer = Issuer()
    async with served(http=signing_in(), issuer=issuer) as client:
        await anyio.sleep(31)
        long, short = token(), token(exp=int(time.time()) - 5)
        assert [await status(client, each) for each in (long, short)] == [200, 200]
        issuer.keys = [jwk(rsa_key("stranger"), "stranger")]
        assert await status(client, token("stranger")) == 200
        await anyio.sleep(26)
        assert [await status(client, each) for each in (long, short)] == [200, 401]


@pytest.mark.slow
async def test_known_keys_go_on_for_a_day_while_the_issuer_is_down(caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer()
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == 200
        assert (await readiness(client))["issuer"] == "ok"
        issuer.is_down = True
        await anyio.sleep(600)
        assert (await readiness(client))["issuer"] == "down"
        assert await status(client, token(sub="bo")) == 200
        assert await status(client, token("stranger")) == 401
        await anyio.sleep(DAY - 900)
        assert await status(client, token(sub="cleo")) == 200
        await anyio.sleep(900)
        response = await client.post("/mcp", json=PING, headers=bearer(token(sub="dan")))
        assert response.status_code == 503
        assert response.headers["retry-after"] == "30"
        assert response.json()["error"]["data"]["retryable"]
        assert (await client.post("/mcp", json=PING)).status_code == 401
        assert (await readiness(client))["issuer"] == "down"
        issuer.is_down = False
        await anyio.sleep(31)
        assert await status(client, token(sub="dan")) == 200
        assert (await readiness(client))["issuer"] == "ok"
    assert "the known keys remain valid for a day" in caplog.text


@pytest.mark.slow
async def test_whatever_comes_of_a_fetch_the_next_one_waits_for_half_a_minute() -> None:
    issuer = Issuer()
    times: list[float] = []

    class Noted(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            times.append(anyio.current_time())
            return await issuer.handle_async_request(request)

    issuer.is_down = True
    async with served(http=signing_in(oauth_jwks=JWKS), issuer=Noted()) as client:
        for second in range(200):
            issuer.is_down = second < 60 or second > 130
            await status(client, token(sub=str(second)))
            await status(client, token("stranger"))
            await anyio.sleep(1)
    assert len(times) >= 4
    assert min(later - earlier for earlier, later in pairwise(times)) >= 30


async def test_a_server_starts_without_its_issuer() -> None:
    issuer = Issuer()
    issuer.is_down = True
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == 503
        assert (await readiness(client))["issuer"] == "down"
        issuer.is_down = False
        await anyio.sleep(31)
        assert await status(client, token()) == 200


async def test_an_issuer_that_does_not_answer_is_given_up_and_callers_wait_for_one_fetch() -> None:
    issuer = Issuer()

    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await anyio.sleep(0 if issuer.fetches == 0 else 3600)
            return await issuer.handle_async_request(request)

    async with served(http=signing_in(), issuer=Slow()) as client:
        assert await status(client, token()) == 200
        await anyio.sleep(31)
        began = anyio.current_time()
        assert await status(client, token("stranger")) == 401
        assert anyio.current_time() - began == pytest.approx(10, abs=1)
        assert await status(client, token(sub="bo")) == 200
        assert (await readiness(client))["issuer"] == "down"


async def test_without_sign_in_there_is_no_issuer() -> None:
    async with served() as client:
        assert (await readiness(client))["issuer"] == "none"
        assert (await client.get("/.well-known/oauth-protected-resource")).status_code == 404


def moved(to: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"location": to})


FOUND = {"issuer": ISSUER, "jwks_uri": JWKS}
ENTRIES: dict[str, tuple[dict[str, Any], bool]] = {
    "at the second place": (
        {DISCOVERY: httpx2.Response(404), OLDER: FOUND},
        True,
    ),
    "no place": ({DISCOVERY: httpx2.Response(404)}, False),
    "of another issuer": ({DISCOVERY: {"issuer": f"{ISSUER}/", "jwks_uri": JWKS}}, False),
    "no keys named": ({DISCOVERY: {"issuer": ISSUER}}, False),
    "moved": ({DISCOVERY: moved("/here"), f"{ROOT}/here": FOUND}, True),
    "moved in a circle": ({DISCOVERY: moved(DISCOVERY)}, False),
    "moved to plain http": ({JWKS: moved("http://keys.example.com/realm/jwks")}, False),
    "moved into this machine": ({JWKS: moved("http://127.0.0.1:8000/jwks")}, False),
    "keys at plain http": (
        {DISCOVERY: {"issuer": ISSUER, "jwks_uri": "http://keys.example.com/jwks"}},
        False,
    ),
    "keys in a file": ({DISCOVERY: {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}}, False),
    "keys nowhere": ({DISCOVERY: {"issuer": ISSUER, "jwks_uri": "https://["}}, False),
    "no JSON": ({JWKS: httpx2.Response(200, stream=httpx2.ByteStream(b"<html>"))}, False),
    "no object": ({JWKS: httpx2.Response(200, stream=httpx2.ByteStream(b"[]"))}, False),
    "no key": ({JWKS: {"keys": []}}, False),
    "keys as a text": ({JWKS: {"keys": "first"}}, False),
    "a fault": ({JWKS: httpx2.Response(500)}, False),
    "endless": ({JWKS: httpx2.Response(200, stream=httpx2.ByteStream(b" " * 600_000))}, False),
}


@pytest.mark.parametrize("case", ENTRIES)
async def test_documents_of_the_issuer_are_taken_as_far_as_they_can_be_trusted(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers, is_good = ENTRIES[case]
    issuer = Issuer()
    issuer.answers = answers
    async with served(http=signing_in(), issuer=issuer) as client:
        assert await status(client, token()) == (200 if is_good else 503)
        assert not [each for each in issuer.asked if not each.startswith("https://")]
        assert len(issuer.asked) <= 5
    assert ("cannot be fetched" in caplog.text) != is_good


async def test_the_address_of_the_keys_can_be_set() -> None:
    issuer = Issuer()
    async with served(http=signing_in(oauth_jwks=JWKS), issuer=issuer) as client:
        assert await status(client, token()) == 200
    assert set(issuer.asked) == {JWKS}


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
@pytest.mark.parametrize("path", ["/mcp", ""])
async def test_anybody_learns_where_to_sign_in(path: str, version: dict[str, str]) -> None:
    address = f"/.well-known/oauth-protected-resource{path}"
    async with served(http=signing_in(), issuer=Issuer()) as client:
        page = {"Origin": "https://any.example.org", "Host": "mcp.example.com", **version}
        response = await client.get(address, headers=page)
        asked = {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "mcp-protocol-version",
        }
        preflight = await client.options(address, headers={**page, **asked})
        refused = await client.post(address, json=PING, headers=page)
        foreign = await client.get(address, headers={"Host": "evil.example"})
    assert response.json() == {
        "resource": URL,
        "resource_name": "docreview",
        "authorization_servers": [ISSUER],
        "scopes_supported": ["docreview:read", "docreview:write", "docreview:admin"],
        "bearer_methods_supported": ["header"],
    }
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "Mcp-Protocol-Version" in preflight.headers["access-control-allow-headers"]
    assert (refused.status_code, foreign.status_code) == (405, 421)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"oauth_issuer": None}, "DOCREVIEW_OAUTH_ISSUER: expected the issuer's URL"),
        ({"url": None}, "DOCREVIEW_HTTP_URL: expected the URL that users enter"),
        ({"oauth_issuer": "http://login.example.com"}, "DOCREVIEW_OAUTH_ISSUER: plain http is allowed only"),
        ({"oauth_jwks": "http://login.example.com/jwks"}, "DOCREVIEW_OAUTH_JWKS: plain http is allowed only"),
        ({"oauth_issuer": "login.example.com"}, "DOCREVIEW_OAUTH_ISSUER: expected a URL such as"),
        ({"oauth_issuer": "https://login.example.com/#a"}, "DOCREVIEW_OAUTH_ISSUER: expected a URL"),
        ({"oauth_issuer": "https://login.example.com/?a=b"}, "DOCREVIEW_OAUTH_ISSUER: expected a URL"),
        ({"oauth_issuer": "https://me@login.example.com"}, "DOCREVIEW_OAUTH_ISSUER: expected a URL"),
        ({"oauth_issuer": "https://[login"}, "DOCREVIEW_OAUTH_ISSUER: expected a URL"),
        ({"oauth_scope_prefix": 'a"b'}, "DOCREVIEW_OAUTH_SCOPE_PREFIX: expected the prefix"),
    ],
)
def test_settings_of_sign_in_that_cannot_be_used_are_told(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_http_settings(**signing_in(**changed)).check(insecure_no_auth=False)
    assert str(caught.value).startswith(said)
    assert str(caught.value).isprintable()


def test_an_issuer_on_this_machine_may_speak_plain_http() -> None:
    local = "http://127.0.0.1:9000/realms/docreview"
    read_http_settings(**signing_in(oauth_issuer=local, oauth_jwks=f"{local}/jwks?a=b")).check(
        insecure_no_auth=False
    )


class _Documents(BaseHTTPRequestHandler):
    """An issuer on a real port of this machine."""

    def do_GET(self) -> None:
        host = f"http://127.0.0.1:{cast('tuple[str, int]', self.server.server_address)[1]}"
        document = {"issuer": host, "jwks_uri": f"{host}/jwks", "keys": [jwk(rsa_key("first"), "first")]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def test_doctor_asks_the_issuer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Documents) as issuer:
        threading.Thread(target=issuer.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{issuer.server_address[1]}"
        given = {"AUTH": "oauth", "HTTP_URL": URL, "OAUTH_ISSUER": address}
        for name, value in given.items():
            monkeypatch.setenv(f"DOCREVIEW_{name}", value)
        assert examine(Settings(sandbox=True)) == 0
        said = capsys.readouterr().out
        assert f"ok    sign-in: {address} answers; tokens are for {URL}" in said
        assert "is not a setting" not in said
        monkeypatch.setenv("DOCREVIEW_OAUTH_ISSUER", f"{address}/")
        assert examine(Settings(sandbox=True)) == 1
        assert "both must match exactly, including a trailing slash" in capsys.readouterr().out
        issuer.shutdown()
    assert examine(Settings(sandbox=True)) == 1
    assert "cannot be fetched: ConnectError" in capsys.readouterr().out
    monkeypatch.delenv("DOCREVIEW_HTTP_URL")
    assert examine(Settings(sandbox=True)) == 1
    assert "fault sign-in: DOCREVIEW_HTTP_URL: expected" in capsys.readouterr().out


def test_doctor_tells_of_groups_that_nobody_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[group.interns.tools]\nforbidden = ['studio_*']\n")
    examine(Settings(sandbox=True, policy=policy))
    assert "note  sign-in: callers do not sign in" in capsys.readouterr().out
    for name, value in {"AUTH": "oauth", "HTTP_URL": URL, "OAUTH_ISSUER": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(f"DOCREVIEW_{name}", value)
    examine(Settings(sandbox=True, policy=policy))
    assert "set DOCREVIEW_OAUTH_GROUP_CLAIM" in capsys.readouterr().out


DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("issuer", ["Entra ID", "Keycloak", "Auth0"])
def test_the_settings_of_the_documentation_can_be_used(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    section = (DOCS / "sign-in.md").read_text(encoding="utf-8").partition(f"\n## {issuer}\n")[2]
    lines = section.split("```")[1].split()
    assert len(lines) >= 2
    for name, value in (line.split("=", 1) for line in [*lines, "DOCREVIEW_AUTH=oauth"]):
        monkeypatch.setenv(name, value)
    http = read_http_settings(url=URL)
    http.check(insecure_no_auth=False)
    named = {field for field in http.model_fields_set if field.startswith("oauth_")}
    assert len(named) == len(lines)


def test_the_documentation_names_every_setting() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for field in HttpSettings.model_fields.values():
        assert isinstance(field.validation_alias, AliasChoices)
        assert f"`{field.validation_alias.choices[0]}" in page
