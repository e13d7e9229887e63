"""No secret leaves the server, whatever form it has taken on the way."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from conftest import Era, Network, answers, connected
from docreview_mcp.tools.json_text import compact
from docreview_mcp.tools.redaction import REMOVED, masked, without_secret_properties, without_secrets
from hypothesis import example, given
from hypothesis import strategies as st
from results import text_of

GET = ("nanonets_get_document", {"workflow_id": "w", "document_id": "d"})
LOW, HIGH = string.ascii_lowercase, string.ascii_uppercase + string.digits
PRINTED = string.ascii_letters + string.digits + string.punctuation + "äß€ "

long_secrets = st.text(PRINTED, min_size=8, max_size=40).filter(
    lambda text: text.strip() == text and len(set(text)) > 4 and any(map(str.isdecimal, text))
)
short_secrets = st.text(string.ascii_letters + string.digits, min_size=4, max_size=7).filter(
    lambda text: text not in REMOVED and len(set(text)) > 2 and any(map(str.isdecimal, text))
)
"""With a digit, since words that documents have as names of properties stay as keys."""

BITS = (
    *("%25", "%2B", "%41", "%c3%a9", "%", "&amp;", "&#43;", "&lt", "&", "\\u0041", "u002b", "\\n", "\\"),
    *("+", ";", "0", "1", "25", "2B", "a", "Z", "ä", " "),
)
escaped_secrets = (
    st.lists(st.sampled_from(BITS), min_size=3, max_size=10)
    .map("".join)
    .filter(lambda text: text.strip() == text and len(text) > 7 and len(set(text)) > 4)
    .filter(lambda text: any(map(str.isdecimal, text)))
)
"""Passwords in which something looks like an escape."""


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def split(text: str) -> str:
    return "\u200b".join((text[:3], text[3:5], text[5:]))


def percent_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def hex_escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def in_lines(text: str, end: str = "\n", length: int = 20) -> str:
    return end.join(text[start : start + length] for start in range(0, len(text), length))


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "percent-encoded whole": percent_all,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form-encoded": quote_plus,
    "in JSON": json.dumps,
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"key": text})),
    "in JSON, no ASCII left out": lambda text: json.dumps([text], ensure_ascii=False),
    "escaped in JSON": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "escaped for scripts": hex_escaped,
    "in HTML": html.escape,
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": base64_of,
    "base64 without padding": lambda text: base64_of(text).rstrip("="),
    "base64 with a colon": lambda text: base64_of(f"{text}:"),
    "base64 with a colon, without padding": lambda text: base64_of(f"{text}:").rstrip("="),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "percent-encoded base64": lambda text: quote(base64_of(f"{text}:"), safe=""),
    "split": split,
}
"""The forms that a secret takes wherever it stands."""

LONG_FORMS: dict[str, Callable[[str], str]] = {
    **FORMS,
    "base64 after a name": lambda text: base64_of(f"person:{text}"),
    "base64 after an address": lambda text: base64_of(f"a@b.example:{text}"),
    "base64 between other bytes": lambda text: base64_of(f"x{text}yz"),
    "next to _": lambda text: f"key_{text}_old",
    "next to a letter": lambda text: f"x{text}y",
}
"""The forms in which a secret is found that is long enough not to stand there by chance."""


OVER_LINES: dict[str, Callable[[str], str]] = {
    "in lines": lambda text: in_lines(text, length=6),
    "in lines that are indented": lambda text: in_lines(text, "\r\n  ", 6),
    "in lines, in JSON": lambda text: json.dumps({"key": in_lines(text, length=6)}),
    "base64 in lines": lambda text: in_lines(base64_of(f"person:{text}")),
    "base64 as in mails": lambda text: base64.encodebytes(f"{'x' * 50}{text}".encode()).decode(),
    "base64 for addresses in lines, in JSON in JSON": lambda text: json.dumps(
        json.dumps(in_lines(base64.urlsafe_b64encode(f"ab{text}".encode()).decode(), "\r\n"))
    ),
}
"""The forms in which a long secret goes on in the next line."""


def everything(value: Any) -> str:
    """All texts and keys of a JSON value, one after the other."""
    if isinstance(value, dict):
        return " ".join(f"{key} {everything(entry)}" for key, entry in value.items())
    return " ".join(map(everything, value)) if isinstance(value, list) else str(value)


def what_is_left(secret: str, form: str, said: str) -> tuple[str, str]:
    """A result and a message that held a secret in this form, after it was taken out of both."""
    value: Any = {"a": [f"say ({said})", {"deep": said}], said: 1, "kept": "as it was"}
    shown = everything(masked(value, compact(value), (secret,)))
    message = without_secrets(f"it said ({said}).", (secret,))
    for text in (shown, message):
        assert said not in text.replace(REMOVED, ""), (form, secret, text)
        assert secret not in text.replace(REMOVED, ""), (form, secret, text)
        assert REMOVED in text, (form, secret, text)
    return shown, message


def check(secret: str, form: str, said: str) -> None:
    """A secret in this form is nowhere in a result, neither as text nor as key, nor in a message."""
    shown, message = what_is_left(secret, form, said)
    assert "as it was" in shown or secret in "as it was"
    assert message.startswith("it said") or secret in "it said ("


@pytest.mark.parametrize("form", LONG_FORMS)
@example(secret="00001%2B")
@given(secret=long_secrets)
def test_a_secret_is_taken_out_in_every_form(form: str, secret: str) -> None:
    check(secret, form, LONG_FORMS[form](secret))


@pytest.mark.slow
@pytest.mark.parametrize("form", LONG_FORMS)
@example(secret="25 %00;%250;")
@example(secret="%25 &amp;")
@given(secret=escaped_secrets)
def test_a_secret_with_escapes_of_its_own_is_taken_out_in_every_form(form: str, secret: str) -> None:
    what_is_left(secret, form, LONG_FORMS[form](secret))


@pytest.mark.parametrize("form", OVER_LINES)
@given(secret=long_secrets)
def test_a_secret_over_several_lines_is_taken_out(form: str, secret: str) -> None:
    # A blank where a line ends is lost to whoever joins the lines, and so is a backslash before an n.
    plain = secret.replace(" ", "_").replace("\\", "/")
    what_is_left(plain, form, OVER_LINES[form](plain))


@given(secret=long_secrets, before=st.text(max_size=30))
def test_the_beginning_of_a_secret_is_taken_out_where_a_text_was_cut(secret: str, before: str) -> None:
    least = max(8, len(secret) // 2 + 1)
    for length in range(least, len(secret)):
        said = f"{before} {secret[:length]}… (999 characters)"
        value: Any = {"text": said}
        for shown in (without_secrets(said, (secret,)), everything(masked(value, compact(value), (secret,)))):
            assert f"{secret[:least]}" not in shown.replace(REMOVED, "") or secret[:least] in before, shown
            assert shown.endswith("… (999 characters)")


def test_nothing_takes_time_by_the_square_of_a_text() -> None:
    secret, many = "nanonets-key-0123456789", 300_000
    for said in (
        f"%41{' ' * many}\n{secret[:9]}",
        f"{secret[:20]} {'x…' * many}",
        "\\" * many + " \\u0041",
        "\\" * many + " \\x41",
        "\\" * many + "\n%41",
    ):
        value: Any = {"text": said}
        assert masked(value, compact(value), (secret,)) == value
        assert without_secrets(said, (secret,)) == said
        assert without_secret_properties("studio", {"text": f'{said}"auth_token'}) != {}


async def test_a_message_that_cuts_a_value_shows_no_part_of_a_key(era: Era) -> None:
    key = "nanonets-key-0123456789"
    page = {"page_id": "p", "data": {"fields": {"t": [{"field_data_id": "f", "value": "x" * 180 + key}]}}}
    body = {**page, "document_id": "d", "pages": [page]}
    network = Network(lambda request: httpx2.Response(200, json=body))
    place = {**GET[1], "page_id": "p", "field_data_id": "f", "value": "1", "expected_value": "2"}
    async with connected(network, era) as client:
        result = await client.call_tool("nanonets_update_field", place)
    assert result.structured_content["error"]["code"] == "conflict"
    assert "xxx[secret removed]…" in text_of(result)


@pytest.mark.parametrize("form", FORMS)
@given(secret=short_secrets)
def test_a_short_secret_is_taken_out_in_every_form_where_it_stands_alone(form: str, secret: str) -> None:
    check(secret, form, FORMS[form](secret))


@given(secret=short_secrets)
def test_a_short_secret_beside_a_line_or_a_point_stands_alone(secret: str) -> None:
    for said in (f"_{secret}_", f"{secret}.", f"a-{secret}/b", f"x\n{secret}\ty", f"{{\\n{secret}\\n}}"):
        assert secret not in without_secrets(said, (secret,)).replace(REMOVED, ""), said


@given(text=st.text(max_size=200), secret=long_secrets)
def test_a_text_without_a_secret_stays_as_it_is(text: str, secret: str) -> None:
    other = f"{secret}{HIGH}"
    value: Any = {"text": text, "list": [text, 5]}
    assert masked(value, compact(value), (other,)) == value
    assert without_secrets(text, (other,)) == text


@given(text=st.text(max_size=60), secret=st.one_of(long_secrets, short_secrets))
def test_what_was_taken_out_once_stays_out(text: str, secret: str) -> None:
    once = without_secrets(f"{text} {secret} {text}", (secret,))
    assert without_secrets(once, (secret,)) == once


def test_a_short_secret_spoils_neither_words_nor_names_nor_our_own_keys() -> None:
    value: Any = {"error": {"code": "x"}, "document_id": "d", "texts": "encoded codes are decoded", "n": 12}
    for secret in ("code", "docu", "text"):
        assert masked(value, compact(value), (secret,)) == value


@pytest.mark.parametrize("name", ["bndbox", "assigned_member", "annotated_pages", "invoice_number"])
def test_a_key_that_documents_describe_stays_though_a_secret_is_the_same_word(name: str) -> None:
    value: Any = {"list": [{name: 1}], "text": f"x {name} y"}
    key = REMOVED if name == "invoice_number" else name
    assert masked(value, compact(value), (name,)) == {"list": [{key: 1}], "text": f"x {REMOVED} y"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345678", f"Authorization: Bearer {REMOVED}"),
        ("Authorization: Basic YWJjZGVmZ2hpams6", f"Authorization: Basic {REMOVED}"),
        ("header=Bearer%20abcdefgh12345678&x=1", f"header=Bearer%20{REMOVED}&x=1"),
        ("header=Basic+YWJjZGVmZ2hpams6 x", f"header=Basic+{REMOVED} x"),
        ("Bearer of news, Basic course", "Bearer of news, Basic course"),
    ],
)
def test_the_credentials_of_a_header_are_taken_out_of_a_message(said: str, shown: str) -> None:
    assert without_secrets(said) == shown


OF_A_SECRET_TEXT: list[tuple[Any, Any]] = [
    ("a-token", REMOVED),
    (["a-token", "another"], REMOVED),
    (482913, REMOVED),
    (True, True),
    ("", ""),
    ({"value": "x"}, {"value": "x"}),
    ([{"value": "x", "token": "y"}], [{"value": "x", "token": REMOVED}]),
    (["a-token", {"value": "x"}], ["a-token", {"value": "x"}]),
]


@pytest.mark.parametrize(("given_value", "shown"), OF_A_SECRET_TEXT)
def test_where_a_secret_is_a_text_an_object_of_the_same_name_is_something_else(
    given_value: Any, shown: Any
) -> None:
    assert without_secret_properties("studio", {"token": given_value}) == {"token": shown}


@pytest.mark.parametrize("given_value", ["a", ["a"], {"page": "a"}, [{"page": "a"}]])
def test_where_a_secret_is_no_text_all_of_that_name_is_taken_out(given_value: Any) -> None:
    answer = {"result": [{"signed_urls": given_value, "kept": True}], "signed_urls": False}
    assert without_secret_properties("nanonets", answer) == {
        "result": [{"signed_urls": REMOVED, "kept": True}],
        "signed_urls": False,
    }


def test_a_number_that_is_a_secret_is_taken_out() -> None:
    value: Any = {"pin": 482913, "count": 4829130}
    assert masked(value, compact(value), ("482913",)) == {"pin": REMOVED, "count": 4829130}


def test_a_token_is_known_by_its_form_wherever_it_stands() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.c2lnbmF0dXJl"
    for said in (token, f"x{token}", f"auth_{token}", f"{token[:5]}\u2060{token[5:]}"):
        value: Any = {"text": said, said: 1}
        assert "eyJ" not in everything(masked(value, compact(value), ()))
        assert "eyJ" not in without_secrets(said)


@pytest.mark.parametrize("levels", [1, 2, 3])
async def test_a_secret_property_is_taken_out_of_json_inside_json(levels: int, era: Era) -> None:
    inner = json.dumps({"auth_token": 'a "quoted" value', "kept": 1})
    for _ in range(levels - 1):
        inner = json.dumps({"inner": inner})
    network = Network(answers(httpx2.Response(200, json={"name": inner, "id": 1})))
    async with connected(network, era) as client:
        result = await client.call_tool("studio_get_user", {"user_id": 1})
    assert "quoted" not in text_of(result)
    assert "kept" in text_of(result)


@pytest.mark.parametrize("form", LONG_FORMS)
async def test_no_form_of_the_key_reaches_a_result_or_an_error(form: str, era: Era) -> None:
    key = "nanonets-key-0123456789"
    said = LONG_FORMS[form](key)
    network = Network(
        answers(
            httpx2.Response(200, json={"metadata": {said: said}}),
            httpx2.Response(400, json={"message": f"wrong key {said}"}),
        )
    )
    async with connected(network, era) as client:
        for _ in range(2):
            text = text_of(await client.call_tool(*GET))
            assert said not in text
            assert key not in text
            assert REMOVED in text
