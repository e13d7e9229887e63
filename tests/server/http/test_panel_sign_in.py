"""Signing in to the panel in a browser with an issuer: who gets in, by what, and for how long."""

from __future__ import annotations

import html
import re
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server.http.settings import read_http_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from http_callers import MODERN, PING, served
from issuers import (
    CLIENT,
    CLIENT_SECRET,
    ISSUER,
    READ,
    TOKEN,
    URL,
    WRITE,
    Issuer,
    bearer,
    id_token,
    signing_in,
    token,
)
from panel_calls import called, place, posted
from review_desk import field_of, ready

OWN = {"Host": "mcp.example.com", "Origin": "https://mcp.example.com", "Sec-Fetch-Site": "same-origin"}
AT = {"Host": "mcp.example.com"}
SESSION, UNDER_WAY = "__Host-docreview_panel", "__Host-docreview_panel_sign_in"
SEAL = b64encode(b"a" * 32).decode()


def http(**more: Any) -> dict[str, Any]:
    return signing_in(oauth_client=CLIENT, **more)


def cookies_of(response: httpx2.Response) -> dict[str, str]:
    """The `Set-Cookie` headers by the name of their cookie."""
    return {each.partition("=")[0]: each for each in response.headers.get_list("set-cookie")}


def cookie(response: httpx2.Response, name: str) -> dict[str, str]:
    """The header with which a browser sends one cookie back."""
    return {"Cookie": cookies_of(response)[name].partition(";")[0]}


async def begun(client: httpx2.AsyncClient, query: str = "") -> tuple[str, dict[str, str]]:
    """The address of the issuer that the browser is sent to, and the cookie of the sign-in under way."""
    response = await client.post(f"/panel/sign-in{query}", headers=OWN)
    assert response.status_code == 200, response.text
    found = re.search(r'content="0;url=([^"]+)"', response.text)
    assert found is not None
    client.cookies.clear()
    return html.unescape(found[1]), cookie(response, UNDER_WAY)


async def finished(
    client: httpx2.AsyncClient, issuer: Issuer, query: str = "", **changed: str | None
) -> httpx2.Response:
    """The answer to the browser that comes back from the issuer."""
    address, own = await begun(client, query)
    response = await client.get(issuer.signed_in(address, **changed), headers={**AT, **own})
    client.cookies.clear()
    return response


async def signed_in(client: httpx2.AsyncClient, issuer: Issuer) -> dict[str, str]:
    """The headers of a call of a person who has just signed in."""
    response = await finished(client, issuer)
    assert response.status_code == 303, response.text
    return {**OWN, **cookie(response, SESSION)}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.mark.parametrize("secret", [None, CLIENT_SECRET])
async def test_a_person_signs_in_and_calls_with_the_rights_of_the_token(
    issuer: Issuer, secret: str | None
) -> None:
    issuer.secret = secret
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount").id
    changes = {**place(document), "changes": [{"field_data_id": total, "value": "1.00"}]}
    settings = http(**({"oauth_client_secret": secret} if secret else {}))
    async with served(sandbox=sandbox, http=settings, issuer=issuer, journal="sqlite://") as client:
        page = await client.get("/panel/sign-in", headers=AT)
        assert "Sign in with login.example.com" in page.text
        assert (await posted(client, "review_panel", place(document), headers=OWN)).status_code == 401
        response = await finished(client, issuer, "?workflow_id=a%26b&document_id=c&other=//evil.example")
        assert response.headers["location"] == "/panel?workflow_id=a%26b&document_id=c"
        given = cookies_of(response)
        assert given[SESSION].endswith("; Path=/; Secure; HttpOnly; SameSite=Strict")
        assert 3500 < int(re.findall(r"Max-Age=(\d+)", given[SESSION])[0]) <= 3600
        assert "Max-Age=0" in given[UNDER_WAY]
        own = {**OWN, **cookie(response, SESSION)}
        assert not (await called(client, "review_apply", changes, headers=own))["isError"]
        history = await called(client, "review_history", {"about": [document.id]}, headers=own)
        assert history["structuredContent"]["entries"][0]["by"].startswith(f"{ISSUER}#ana")
        # The cookie is good for the panel alone, and a token in a header for everything else.
        kept = {**AT, **cookie(response, SESSION)}
        assert (await client.post("/mcp", json=PING, headers={**MODERN, **kept})).status_code == 401
        bare = {**OWN, **MODERN, **bearer(token())}
        assert (await client.post("/panel/mcp", json=PING, headers=bare)).status_code == 401
        out = await client.post("/panel/sign-out", headers=own)
        assert out.headers["location"] == "/panel/sign-in?out=1"
        assert "You have signed out" in (await client.get("/panel/sign-in?out=1", headers=AT)).text
        assert all("Max-Age=0" in each for each in cookies_of(out).values())


async def test_a_reader_reads_and_whoever_has_no_right_is_told_so(issuer: Issuer) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    changes = {**place(document), "changes": []}
    async with served(sandbox=sandbox, http=http(), issuer=issuer) as client:
        issuer.given = {"access_token": token(scope=READ)}
        own = await signed_in(client, issuer)
        told = await called(client, "review_panel", place(document), headers=own)
        assert told["structuredContent"]["document"]["read_only"]
        assert (await posted(client, "review_apply", changes, headers=own)).status_code == 403
        issuer.given = {"access_token": token(scope="openid")}
        refused = await finished(client, issuer)
    assert refused.status_code == 403
    assert "you are not permitted" in refused.text
    assert SESSION not in cookies_of(refused)


Forged = Callable[[dict[str, str]], Any]
GIVEN: dict[str, tuple[dict[str, Forged], str]] = {
    "token for another server": (
        {"access_token": lambda asked: token(aud="https://other.example.com/mcp")},
        "access token: aud: got",
    ),
    "token for the client": ({"access_token": lambda asked: token(aud=CLIENT)}, "access token: aud: got"),
    "ID token as access token": (
        {"access_token": lambda asked: id_token(asked["nonce"])},
        "access token: aud: got",
    ),
    "token of another issuer": (
        {"access_token": lambda asked: token(iss="https://evil.example")},
        "access token: iss: got",
    ),
    "token signed by somebody else": (
        {"access_token": lambda asked: token("stranger", {"kid": "first"})},
        "the signature is not the issuer's",
    ),
    "expired token": ({"access_token": lambda asked: token(exp=1)}, "exp: the token has expired"),
    "no token": ({"access_token": lambda asked: None}, "no access token"),
    "token of another type": ({"token_type": lambda asked: "DPoP"}, "no access token of type Bearer"),
    "no ID token": ({"id_token": lambda asked: None}, "id_token: missing"),
    "no nonce": ({"id_token": lambda asked: id_token(None)}, "id_token: nonce: missing"),
    "nonce of another sign-in": (
        {"id_token": lambda asked: id_token("other")},
        "id_token: nonce: it belongs",
    ),
    "nonce as a list": (
        {"id_token": lambda asked: token(aud=CLIENT, iat=1, nonce=[asked["nonce"]])},
        "nonce",
    ),
    "ID token for another client": (
        {"id_token": lambda asked: id_token(asked["nonce"], aud="other")},
        "id_token: aud: got",
    ),
    "ID token for two clients": (
        {"id_token": lambda asked: id_token(asked["nonce"], aud=[CLIENT, "other"])},
        "id_token: azp",
    ),
    "ID token of another access token": (
        {"id_token": lambda asked: id_token(asked["nonce"], at_hash="AAAA")},
        "id_token: at_hash",
    ),
}


@pytest.mark.parametrize("case", GIVEN)
async def test_what_the_issuer_gives_has_to_be_for_this_sign_in(
    issuer: Issuer, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.given, logged = GIVEN[case]
    async with served(http=http(), issuer=issuer) as client:
        response = await finished(client, issuer)
    assert response.status_code == 403
    assert "The sign-in service did not sign you in" in response.text
    assert list(cookies_of(response)) == [UNDER_WAY]
    assert "Max-Age=0" in cookies_of(response)[UNDER_WAY]
    assert logged in caplog.text
    assert "eyJ" not in caplog.text


ANSWERS: dict[str, tuple[dict[str, str | None], int]] = {
    "foreign state": ({"state": "A" * 43}, 400),
    "no state": ({"state": None}, 400),
    "mixed-up issuer": ({"iss": "https://evil.example"}, 403),
    "no code": ({"code": None}, 403),
    "declined": (
        {"code": None, "error": "access_denied", "error_description": "<script>alert(1)</script>"},
        403,
    ),
    "both": ({"error": "server_error"}, 403),
    "made-up code": ({"code": "<b>made up</b>"}, 403),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_answer_that_is_not_for_this_browser_signs_nobody_in(issuer: Issuer, case: str) -> None:
    changed, status = ANSWERS[case]
    async with served(http=http(), issuer=issuer) as client:
        response = await finished(client, issuer, "", **changed)
    assert response.status_code == status
    assert "<b>" not in response.text
    assert "script" not in response.text
    assert "evil" not in response.text
    assert list(cookies_of(response)) == [UNDER_WAY]


async def test_an_issuer_that_always_names_itself_has_to(issuer: Issuer) -> None:
    issuer.described["authorization_response_iss_parameter_supported"] = True
    async with served(http=http(), issuer=issuer) as client:
        assert (await finished(client, issuer, iss=None)).status_code == 403
        assert (await finished(client, issuer)).status_code == 303


async def test_a_sign_in_is_finished_once_and_by_the_browser_that_began_it(issuer: Issuer) -> None:
    async with served(http=http(), issuer=issuer) as client:
        address, own = await begun(client)
        _, other = await begun(client)
        back = issuer.signed_in(address)
        # Login CSRF: the victim's browser is sent to an answer that the attacker got.
        for headers in ({}, other, {"Cookie": f"{UNDER_WAY}=AAAA"}, {"Cookie": f"{SESSION}=AAAA"}):
            refused = await client.get(back, headers={**AT, **headers})
            assert refused.status_code == 400
            assert "started in another browser" in refused.text
            assert SESSION not in cookies_of(refused)
        twice = await client.get(f"{back}&state=x", headers={**AT, **own})
        assert twice.status_code == 400
        assert not issuer.asked.count(TOKEN)
        assert (await client.get(back, headers={**AT, **own})).status_code == 303
        client.cookies.clear()
        # Whoever kept the cookie and the address: the issuer takes a code once.
        replayed = await client.get(back, headers={**AT, **own})
        assert replayed.status_code == 403
        assert SESSION not in cookies_of(replayed)
        assert (await client.post(back, headers={**OWN, **own})).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_site_begins_or_ends_a_sign_in_or_calls(
    issuer: Issuer, headers: dict[str, str]
) -> None:
    async with served(sandbox=Sandbox(), http=http(), issuer=issuer) as client:
        own = await signed_in(client, issuer)
        asked = len(issuer.asked)
        for path in ("/panel/sign-in", "/panel/sign-out"):
            response = await client.post(path, headers={**own, **headers})
            assert response.status_code == 403
            assert not cookies_of(response)
        assert (await posted(client, "review_queue", {}, headers={**own, **headers})).status_code == 403
        assert (await client.get("/panel/sign-out", headers=own)).status_code == 405
        assert len(issuer.asked) == asked


async def test_any_server_with_the_seal_keys_knows_a_person_and_no_other_one() -> None:
    issuer = Issuer()
    shared, rotated, other = SEAL, f"{b64encode(b'b' * 32).decode()},{SEAL}", b64encode(b"c" * 32).decode()
    async with (
        served(sandbox=Sandbox(), http=http(), issuer=issuer, seal_keys=shared) as first,
        served(sandbox=Sandbox(), http=http(), issuer=issuer, seal_keys=rotated) as second,
        served(sandbox=Sandbox(), http=http(), issuer=issuer, seal_keys=other) as stranger,
        served(sandbox=Sandbox(), http=http(), issuer=issuer) as alone,
    ):
        address, under_way = await begun(first)
        refused = await stranger.get(issuer.signed_in(address), headers={**AT, **under_way})
        assert refused.status_code == 400
        done = await second.get(issuer.signed_in(address), headers={**AT, **under_way})
        own = {**OWN, **cookie(done, SESSION)}
        for client, status in ((second, 200), (first, 401), (stranger, 401), (alone, 401)):
            client.cookies.clear()
            response = await posted(client, "review_queue", {}, headers=own)
            assert response.status_code == status
        own = await signed_in(first, issuer)
        assert (await posted(second, "review_queue", {}, headers=own)).status_code == 200


async def test_a_cookie_ends_with_its_token_and_is_good_for_one_purpose(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(sandbox=Sandbox(), http=http(), issuer=issuer) as client:
        own = await signed_in(client, issuer)
        assert (await posted(client, "review_queue", {}, headers=own)).status_code == 200
        value = own["Cookie"].partition("=")[2]
        address, under_way = await begun(client)
        swapped = {**OWN, "Cookie": f"{SESSION}={under_way['Cookie'].partition('=')[2]}"}
        assert (await posted(client, "review_queue", {}, headers=swapped)).status_code == 401
        turned = {**AT, "Cookie": f"{UNDER_WAY}={value}"}
        assert (await client.get(issuer.signed_in(address), headers=turned)).status_code == 400
        for spoilt in (value[:-8], value[4:], "é", "x" * 9_000):
            headers = {**OWN, "Cookie": f"{SESSION}={spoilt}".encode()}
            assert (await posted(client, "review_queue", {}, headers=headers)).status_code == 401
        later = time.time() + 3601
        monkeypatch.setattr(time, "time", lambda: later)
    async with served(sandbox=Sandbox(), http=http(), issuer=issuer, seal_keys=SEAL) as client:
        assert (await posted(client, "review_queue", {}, headers=own)).status_code == 401


async def test_a_long_token_takes_two_cookies_and_one_that_is_too_long_none(issuer: Issuer) -> None:
    async with served(sandbox=Sandbox(), http=http(), issuer=issuer) as client:
        issuer.given = {"access_token": token(more="a" * 3_000)}
        response = await finished(client, issuer)
        parts = [cookies_of(response)[name].partition(";")[0] for name in (SESSION, f"{SESSION}_2")]
        assert all(len(part) < 4_000 for part in parts)
        own = {**OWN, "Cookie": "; ".join(parts)}
        assert (await posted(client, "review_queue", {}, headers=own)).status_code == 200
        half = {**OWN, "Cookie": parts[0]}
        assert (await posted(client, "review_queue", {}, headers=half)).status_code == 401
        issuer.given = {"access_token": token(more="a" * 6_000)}
        refused = await finished(client, issuer)
    assert refused.status_code == 502
    assert "too large" in refused.text
    assert all("Max-Age=0" in each for each in cookies_of(refused).values())


DESCRIBED: dict[str, tuple[dict[str, Any], int]] = {
    "plain http": ({"authorization_endpoint": "http://login.example.com/authorize"}, 403),
    "script": ({"authorization_endpoint": "javascript:alert(1)"}, 403),
    "no address": ({"authorization_endpoint": None}, 403),
    "no PKCE": ({"code_challenge_methods_supported": ["plain"]}, 403),
    "another issuer": ({"issuer": "https://evil.example"}, 503),
}


@pytest.mark.parametrize("case", DESCRIBED)
async def test_a_sign_in_is_not_begun_where_the_issuer_cannot_be_trusted_with_it(
    issuer: Issuer, case: str
) -> None:
    described, status = DESCRIBED[case]
    issuer.described |= described
    async with served(http=http(), issuer=issuer) as client:
        response = await client.post("/panel/sign-in", headers=OWN)
    assert response.status_code == status
    assert "refresh" not in response.text
    assert "alert" not in response.text.replace('role="alert"', "")


async def test_while_the_issuer_is_down_people_are_told_to_wait(issuer: Issuer) -> None:
    async with served(sandbox=Sandbox(), http=http(), issuer=issuer) as client:
        own = await signed_in(client, issuer)
        address, under_way = await begun(client)
        back = issuer.signed_in(address)
        issuer.is_down = True
        response = await client.get(back, headers={**AT, **under_way})
        assert response.status_code == 503
        assert "cannot be reached" in response.text
        assert (await posted(client, "review_queue", {}, headers=own)).status_code == 200
    async with served(http=http(), issuer=issuer) as client:
        for _ in range(3):
            response = await client.post("/panel/sign-in", headers=OWN)
            assert response.status_code == 503


@pytest.mark.parametrize("ways", [["client_secret_post"], ["client_secret_basic", "private_key_jwt"]])
async def test_the_secret_goes_where_the_issuer_takes_it_and_nowhere_else(
    issuer: Issuer, ways: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    issuer.described["token_endpoint_auth_methods_supported"] = ways
    issuer.secret = CLIENT_SECRET if "client_secret_basic" in ways else None
    caplog.set_level("DEBUG")
    async with served(http=http(oauth_client_secret=CLIENT_SECRET), issuer=issuer) as client:
        assert (await finished(client, issuer)).status_code == 303
        issuer.answers[TOKEN] = httpx2.Response(307, headers={"location": "https://evil.example/token"})
        assert (await finished(client, issuer)).status_code == 503
    assert not [each for each in issuer.asked if "evil" in each]
    assert CLIENT_SECRET not in caplog.text


async def test_without_openid_nothing_is_said_of_who_somebody_is(issuer: Issuer) -> None:
    settings = http(oauth_client_scopes=f"{URL}/{READ}, {URL}/{WRITE}", oauth_scope_prefix=f"{URL}/")
    async with served(http=settings, issuer=issuer) as client:
        address, _ = await begun(client)
        assert "nonce" not in address
        assert (await finished(client, issuer)).status_code == 303


async def test_a_second_tab_says_that_one_may_go_back_to_the_first(issuer: Issuer) -> None:
    async with served(http=http(), issuer=issuer) as client:
        response = await finished(client, issuer, "?again=1")
        assert response.headers["location"] == "/panel/signed-in"
        assert "Close this tab" in (await client.get("/panel/signed-in", headers=AT)).text


def test_a_secret_without_a_client_and_odd_values_are_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="DOCREVIEW_OAUTH_CLIENT: expected the panel's client ID"):
        read_http_settings(**signing_in(oauth_client_secret="x")).check(insecure_no_auth=False)
    for given in ({"oauth_client": "é"}, {"oauth_client_scopes": 'a "b"'}, {"oauth_client_secret": "a\nb"}):
        with pytest.raises(SettingsError) as refused:
            read_http_settings(**signing_in(**given))
        assert "a\nb" not in str(refused.value)
    assert CLIENT_SECRET not in repr(read_http_settings(**http(oauth_client_secret=CLIENT_SECRET)))
