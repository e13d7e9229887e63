"""Only tokens that the issuer made for this server, and that are good now, let a caller in."""

from __future__ import annotations

import base64
import hmac
import json
import time
import warnings
from typing import Any

import jwt
import pytest
from conftest import Era, Network
from http_callers import MODERN, PING, caller, served
from issuers import (
    ISSUER,
    READ,
    URL,
    WRITE,
    Issuer,
    bearer,
    claims,
    ec_key,
    jwk,
    pem,
    rsa_key,
    signing_in,
    token,
)

METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
CREATE = {"name": "studio_create_project", "arguments": {"name": "New", "type": "ABSA"}}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CREATE}


def unsigned(header: dict[str, Any], signature: bytes = b"", **changed: Any) -> str:
    """A token with a header and signature of the test's own."""
    parts = [json.dumps(header).encode(), json.dumps(claims(**changed)).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def with_public_key() -> str:
    """A token signed with HS256, with the public key of the issuer as the secret."""
    signed = unsigned({"alg": "HS256", "kid": "first"}).rpartition(".")[0]
    signature = hmac.digest(pem("first"), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def spoilt() -> str:
    """A good token with other claims put in its place."""
    header, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="root")).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


NOW = int(time.time())
REFUSED: dict[str, tuple[Any, str]] = {
    "wrong audience": (lambda: token(aud="https://other.example.com/mcp"), "aud: got"),
    "no audience": (lambda: token(aud=None), "aud: missing"),
    "among others": (lambda: token(aud=["https://mcp.example.com", f"{URL}/"]), "aud: got"),
    "expired": (lambda: token(exp=NOW - 60), "exp: the token has expired"),
    "no exp": (lambda: token(exp=None), "exp: missing"),
    "exp as words": (lambda: token(exp="never"), "a claim has an invalid format"),
    "no sub": (lambda: token(sub=None), "sub: missing"),
    "empty sub": (lambda: token(sub=""), "sub: got"),
    "sub of two lines": (lambda: token(sub="a\nb"), "sub: got"),
    "no iss": (lambda: token(iss=None), "iss: got null"),
    "wrong iss": (lambda: token(iss=f"{ISSUER}/"), "iss: got"),
    "not yet": (lambda: token(nbf=NOW + 600), "nbf: the token is not valid yet"),
    "from the future": (lambda: token(iat=NOW + 600), "iat: the token is not valid yet"),
    "unsigned": (lambda: unsigned({"alg": "none", "kid": "first"}), 'alg: got "none"'),
    "without alg": (lambda: unsigned({"kid": "first"}), "alg: got null"),
    "alg as a list": (lambda: unsigned({"alg": ["RS256"], "kid": "first"}), "alg: got ["),
    "no signature": (lambda: unsigned({"alg": "RS256", "kid": "first"}), "the signature"),
    "HS256 with the public key": (with_public_key, 'alg: got "HS256"'),
    "another algorithm than the key's": (
        lambda: jwt.encode(claims(), ec_key("other"), "ES256", headers={"kid": "first"}),
        "kid: the issuer has no key",
    ),
    "signed by somebody else": (
        lambda: token("stranger", {"kid": "first"}),
        "the signature is not the issuer's",
    ),
    "other claims put in": (spoilt, "the signature is not the issuer's"),
    "unknown key": (lambda: token("stranger"), "kid: the issuer has no key"),
    "key id as a number": (lambda: unsigned({"alg": "RS256", "kid": 1}), "its token was not accepted: "),
    "critical": (lambda: token(headers={"crit": ["exp"]}), "its token was not accepted: "),
    "too long": (lambda: token(more="a" * 20_000), "more than 16384 characters"),
    "no token": (lambda: "docreview_ana-12345678_" + "a" * 43, "it is not a JSON Web Token"),
    "deep": (lambda: unsigned({"alg": "RS256", "kid": "first", "x": "["}, sub=[[[]]]), "the signature"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_bad_token_is_told_nothing_and_the_log_says_which_claim(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    made, logged = REFUSED[case]
    bad, network = made(), Network()
    async with served(network, http=signing_in(), issuer=Issuer()) as client:
        assert (await client.post("/mcp", json=PING, headers=bearer(token()))).status_code == 200
        response = await client.post("/mcp", json=CALL, headers=bearer(bad))
    assert response.status_code == 401
    challenge = f'Bearer error="invalid_token", resource_metadata="{METADATA}", scope="{READ} {WRITE}"'
    assert response.headers["www-authenticate"] == challenge
    error = response.json()["error"]
    assert error["message"] == "The token is not valid. Nothing was sent."
    assert logged in caplog.text
    assert f"request {response.headers['x-request-id']} was refused" in caplog.text
    assert bad not in caplog.text
    assert not network.requests


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c"])
async def test_a_token_does_not_say_where_its_key_is(header: str) -> None:
    own = jwk(rsa_key("stranger"), "stranger")
    elsewhere = "https://evil.example/jwks"
    value = {"jku": elsewhere, "x5u": elsewhere, "jwk": own, "x5c": ["MII="]}[header]
    issuer = Issuer()
    issuer.answers[elsewhere] = {"keys": [own]}
    async with served(http=signing_in(), issuer=issuer) as client:
        for key in ("stranger", "first"):
            signed = token("stranger", {header: value, "kid": key})
            assert (await client.post("/mcp", json=PING, headers=bearer(signed))).status_code == 401
        good = token(headers={header: value})
        assert (await client.post("/mcp", json=PING, headers=bearer(good))).status_code == 200
    assert elsewhere not in issuer.asked


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
async def test_without_a_token_the_answer_says_where_to_sign_in(version: dict[str, str]) -> None:
    wanted = f'Bearer resource_metadata="{METADATA}", scope="{READ} {WRITE}"'
    good = token()
    async with served(http=signing_in(origins="https://app.example.com"), issuer=Issuer()) as client:
        page = {"Origin": "https://app.example.com", **version}
        responses = [
            await client.post("/mcp", json=PING, headers=page),
            await client.post("/mcp", json=PING, headers={**page, "Authorization": f"Basic {good}"}),
            await client.post(f"/mcp?access_token={good}", json=PING, headers=page),
            await client.post("/mcp", json={**PING, "access_token": good}, headers=page),
        ]
    for response in responses:
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == wanted
        assert response.headers["access-control-allow-origin"] == page["Origin"]
        assert response.json()["error"]["message"] == "A token is required. Nothing was sent."


async def test_two_tokens_are_none() -> None:
    good = token()
    async with served(http=signing_in(), issuer=Issuer()) as client:
        twice = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")]
        response = await client.post("/mcp", json=PING, headers=[*client.headers.items(), *twice])
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("named", "may"),
    [
        ({"scope": f"{READ} {WRITE}"}, "write"),
        ({"scope": [READ, WRITE]}, "write"),
        ({"scp": f"{READ} {WRITE}"}, "write"),
        ({"scp": [READ, WRITE]}, "write"),
        ({"scope": READ}, "read"),
        ({"scope": "openid", "scp": [READ]}, "read"),
        ({"scope": WRITE}, "nothing"),
        ({}, "nothing"),
        ({"scope": ""}, "nothing"),
        ({"scope": f"{READ}\t{WRITE}"}, "nothing"),
        ({"scope": f"x{READ} {WRITE}x"}, "nothing"),
        ({"scope": {READ: True}}, "nothing"),
        ({"scope": [[READ]]}, "nothing"),
        ({"scope": True}, "nothing"),
        ({"roles": [READ, WRITE]}, "nothing"),
    ],
)
async def test_scopes_are_read_as_issuers_write_them_and_nothing_else_counts(
    named: dict[str, Any], may: str
) -> None:
    network = Network()
    async with served(network, http=signing_in(), issuer=Issuer()) as client:
        headers = bearer(token(**{"scope": None, **named}))
        ping = await client.post("/mcp", json=PING, headers=headers)
        call = await client.post("/mcp", json=CALL, headers=headers)
    assert (ping.status_code, call.status_code) == {
        "write": (200, 200),
        "read": (200, 403),
        "nothing": (403, 403),
    }[may]
    if may == "write":
        return
    needed = f"{READ} {WRITE}" if may == "read" else READ
    challenge = f'Bearer error="insufficient_scope", scope="{needed}", resource_metadata="{METADATA}"'
    assert call.headers["www-authenticate"] == challenge
    assert call.json()["error"]["message"].startswith("The token of this caller lacks the scope ")
    assert not network.requests


async def test_scopes_may_stand_in_other_claims_and_behind_a_prefix() -> None:
    http = signing_in(
        oauth_scope_claims="scp, roles",
        oauth_scope_prefix=f"{URL}/",
        oauth_audience="11111111-2222-3333-4444-555555555555, api://docreview",
    )
    async with served(http=http, issuer=Issuer()) as client:

        async def status(**named: Any) -> int:
            headers = bearer(token(**{"aud": "api://docreview", "scope": None, **named}))
            return (await client.post("/mcp", json=CALL, headers=headers)).status_code

        assert await status(scp=READ, roles=[WRITE]) == 200
        assert await status(scp=f"{URL}/{READ} {URL}/{WRITE}") == 200
        assert await status(scope=f"{READ} {WRITE}") == 403
        assert await status(scp=f"{READ} {WRITE}", aud=URL) == 401
        challenge = (await client.post("/mcp", json=PING)).headers["www-authenticate"]
        assert challenge.endswith(f'scope="{URL}/{READ} {URL}/{WRITE}"')
        document = (await client.get("/.well-known/oauth-protected-resource")).json()
        assert document["scopes_supported"][0] == f"{URL}/{READ}"


@pytest.mark.parametrize(
    ("key", "algorithm", "shown"),
    [
        ("rsa", "RS256", {}),
        ("rsa", "PS512", {}),
        ("rsa", "RS512", {"alg": "RS512"}),
        ("ec", "ES256", {"alg": "ES256"}),
    ],
)
async def test_tokens_of_the_usual_algorithms_are_good(
    key: str, algorithm: str, shown: dict[str, str]
) -> None:
    private = rsa_key("first") if key == "rsa" else ec_key("first")
    encryption = jwk(rsa_key("stranger"), "k", use="enc")
    broken = {"kty": "RSA", "kid": "k", "n": "AQAB", "e": "?"}
    issuer = Issuer(broken, encryption, {"kty": "oct", "kid": "k", "k": "AQAB"}, jwk(private, "k", **shown))
    async with served(http=signing_in(), issuer=issuer) as client:
        for headers in ({"kid": "k"}, {}):
            signed = jwt.encode(
                claims(aud=["x", URL], exp=int(time.time()) - 10), private, algorithm, headers=headers
            )
            assert (await client.post("/mcp", json=PING, headers=bearer(signed))).status_code == 200


async def test_a_key_that_is_too_short_is_none() -> None:
    issuer = Issuer(jwk(rsa_key("short", 1024), "short"), jwk(rsa_key("first"), "first"))
    with warnings.catch_warnings():
        # Newer versions of PyJWT warn of such a key.
        warnings.simplefilter("ignore")
        signed = jwt.encode(claims(), rsa_key("short", 1024), "RS256", headers={"kid": "short"})
    async with served(http=signing_in(), issuer=issuer) as client:
        assert (await client.post("/mcp", json=PING, headers=bearer(signed))).status_code == 401


async def test_who_calls_is_told_by_issuer_and_subject(era: Era) -> None:
    from docreview_mcp.sandbox import Sandbox

    ana, bo = token(sub="ana"), token(sub="bo#ana")
    async with served(sandbox=Sandbox(), http=signing_in(), issuer=Issuer(), journal="sqlite://") as client:
        for shown in (ana, bo):
            async with caller(client, era, shown) as calling:
                result = await calling.call_tool(CREATE["name"], {"name": f"P {shown[-5:]}", "type": "ABSA"})
                assert not result.is_error, result.structured_content
        async with caller(client, era, ana) as calling:
            shown = (await calling.call_tool("review_history", {})).structured_content
    assert shown is not None
    by = {entry["by"].partition(", ")[0] for entry in shown["entries"]}
    assert f"{ISSUER}#ana" in by
    assert by <= {f"{ISSUER}#ana", f"{ISSUER}#bo#ana"}


async def test_a_token_goes_no_further(era: Era, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    network, good = Network(), token()
    async with (
        served(network, http=signing_in(), issuer=Issuer()) as client,
        caller(client, era, good) as calling,
    ):
        assert not (await calling.call_tool("nanonets_list_workflows", {})).is_error
        assert not (await calling.call_tool(CREATE["name"], CREATE["arguments"])).is_error
        listed = await calling.list_tools()
        assert listed.cache_scope in (None, "private")
    assert len(network.requests) == 2
    for request in network.requests:
        assert good not in f"{request.url} {request.headers} {request.content!r}"
    assert good not in caplog.text
    assert good.rpartition(".")[2] not in caplog.text
