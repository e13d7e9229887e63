"""Each form of a secret, written out: exactly what is taken out of a text, and what stays."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from docreview_mcp.tools.json_text import compact
from docreview_mcp.tools.redaction import REMOVED, masked, without_secrets

KEY = "nanonets-key-0123456789"
OTHER = "6789-of-another"
SHORT = "ab12"
SIGNS = 'p 9+/&%<"ä€\U0001f600k'
BACKSLASHES = "a\\b\\n-c1234"
TILDES = "~~~~?>>>>~~~"
MARKS = "???~???~~~?>?1"
BLANKS = "key 0123 4567 89ab cdef"
SCRIPT = "\\x"


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def for_addresses(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def entities(text: str) -> str:
    return "".join(f"&#{ord(each)};" for each in text)


def units(text: str, before: str = "\\") -> str:
    """A text in the escapes of JSON, letters beyond the first 65,536 in two."""
    pairs = text.encode("utf-16-be").hex()
    return "".join(f"{before}u{pairs[start : start + 4]}" for start in range(0, len(pairs), 4))


def percent(text: str, sign: str = "%") -> str:
    return "".join(f"{sign}{byte:02x}" for byte in text.encode())


FORMS: dict[str, tuple[str, str, str]] = {
    "as it is": (KEY, f"say {KEY}, {KEY}!", f"say {REMOVED}, {REMOVED}!"),
    "of eight characters, next to letters": ("abcd-123", "xabcd-123y", f"x{REMOVED}y"),
    "next to _": (KEY, f"key_{KEY}_old", f"key_{REMOVED}_old"),
    "with a lone surrogate": ("\ud800key-01234", "<\ud800key-01234>", f"<{REMOVED}>"),
    "beside a lone surrogate": (KEY, f"\ud800{KEY}", f"\ud800{REMOVED}"),
    "split": (KEY, "na\u200bno\u2060nets-key-0123456789!\u200b", f"{REMOVED}!"),
    "split, and one letter encoded": (KEY, "na\u200bno%6eets-key-0123456789!", f"{REMOVED}!"),
    "one letter percent-encoded": (KEY, "x %6Eanonets-key-0123456789.", f"x {REMOVED}."),
    "percent-encoded twice": (KEY, f"<{percent(KEY, '%25')}>", f"<{REMOVED}>"),
    "percent-encoded three times": (KEY, f"<{percent(KEY, '%2525')}>", f"<{REMOVED}>"),
    "percent-encoded with signs": (SIGNS, f"<{percent(SIGNS)}>", f"<{REMOVED}>"),
    "form-encoded": (SIGNS, "<p+9%2B%2F%26%25%3C%22%C3%A4%E2%82%AC%F0%9F%98%80k>", f"<{REMOVED}>"),
    "split by an encoded character": (KEY, "<nano%E2%80%8Bnets-key-0123456789>", f"<{REMOVED}>"),
    "split by an escaped character": (KEY, "<nano\\u200bnets-key-0123456789>", f"<{REMOVED}>"),
    "split by an entity": (KEY, "<nano&#8203;nets-key-0123456789>", f"<{REMOVED}>"),
    "split by a named entity": (KEY, "<nano&shy;nets-key-0123456789>", f"<{REMOVED}>"),
    "split by an entity with a long name": (KEY, "<nano&ZeroWidthSpace;nets-key-0123456789>", f"<{REMOVED}>"),
    "split inside a percent escape": (KEY, "<%\u200b6eanonets-key-0123456789>", f"<{REMOVED}>"),
    "split inside an entity": (KEY, "<&\u200b#110;anonets-key-0123456789>", f"<{REMOVED}>"),
    "split inside an escape": (KEY, "<\\\u200bu006eanonets-key-0123456789>", f"<{REMOVED}>"),
    "split inside an escape for scripts": (KEY, "<\\\u200bx6eanonets-key-0123456789>", f"<{REMOVED}>"),
    "a percent escape in an entity": (KEY, "<&#37;6eanonets-key-0123456789>", f"<{REMOVED}>"),
    "an entity in percent escapes": (KEY, "<%26%23110%3Banonets-key-0123456789>", f"<{REMOVED}>"),
    "an escape in percent escapes": (KEY, "<%5Cu006eanonets-key-0123456789>", f"<{REMOVED}>"),
    "a percent escape in an escape": (KEY, "<\\u00256eanonets-key-0123456789>", f"<{REMOVED}>"),
    "an entity in an escape": (KEY, "<\\u0026#110;anonets-key-0123456789>", f"<{REMOVED}>"),
    "escaped": (KEY, f"<{units(KEY)}>", f"<{REMOVED}>"),
    "escaped in JSON in JSON": (KEY, f"<{units(KEY, chr(92) * 2)}>", f"<{REMOVED}>"),
    "escaped with signs": (SIGNS, f"<{units(SIGNS)}>", f"<{REMOVED}>"),
    "one letter escaped": (KEY, "<\\u006Eanonets-key-0123456789>", f"<{REMOVED}>"),
    "escaped for scripts": (KEY, f"<{percent(KEY, SCRIPT)}>", f"<{REMOVED}>"),
    "escaped for scripts twice": (KEY, f"<{percent(KEY, chr(92) + SCRIPT)}>", f"<{REMOVED}>"),
    "escaped for scripts in UTF-8": (SIGNS, f"<{percent(SIGNS, SCRIPT)}>", f"<{REMOVED}>"),
    "escaped for scripts in Latin-1": ("schl\u00fcssel-1", "<schl\\xFCssel-1>", f"<{REMOVED}>"),
    "one letter escaped for scripts": (KEY, "<\\x6eanonets-key-0123456789>", f"<{REMOVED}>"),
    "in JSON": (SIGNS, f"<{json.dumps(SIGNS)}>", f'<"{REMOVED}">'),
    "in JSON in JSON": (SIGNS, f"<{json.dumps(json.dumps(SIGNS))}>", f'<"\\"{REMOVED}\\"">'),
    "with backslashes, in JSON": (BACKSLASHES, json.dumps(BACKSLASHES), f'"{REMOVED}"'),
    "with a tab, in JSON": ("key\t01234567", json.dumps("key\t01234567"), f'"{REMOVED}"'),
    "in entities": (KEY, f"<{entities(KEY)}>", f"<{REMOVED}>"),
    "in entities twice": (KEY, f"<{entities(KEY).replace('&', '&amp;')}>", f"<{REMOVED}>"),
    "in hexadecimal entities": (KEY, "<nanonets&#x2D;key&#X2d;0123456789>", f"<{REMOVED}>"),
    "in named entities": (SIGNS, "<p 9&plus;/&amp;%&lt;&quot;&auml;&euro;\U0001f600k>", f"<{REMOVED}>"),
    "in an entity with a long name": ("key`0123456", "<key&DiacriticalGrave;0123456>", f"<{REMOVED}>"),
    "in an entity with a digit": ("key-\u00bd-01234", "<key-&frac12;-01234>", f"<{REMOVED}>"),
    "in an entity with zeros before it": (
        KEY,
        "<nanonets&#00000000045;key&#x000000002d;0123456789>",
        f"<{REMOVED}>",
    ),
    "hexadecimal": (KEY, f"<{KEY.encode().hex()}>", f"<{REMOVED}>"),
    "hexadecimal in upper case": (KEY, f"<{KEY.encode().hex().upper()}>", f"<{REMOVED}>"),
    "hexadecimal between other bytes": (KEY, f"<{f'x{KEY}y'.encode().hex()}>", f"<78{REMOVED}79>"),
    "base64": (KEY, f"<{base64_of(KEY)}>", f"<{REMOVED}>"),
    "base64 with a colon": (KEY, f"<{base64_of(f'{KEY}:')}>", f"<{REMOVED}>"),
    "base64 after one byte": (KEY, f"<{base64_of(f':{KEY}')}>", f"<O{REMOVED}>"),
    "base64 after two bytes": (KEY, f"<{base64_of(f'a:{KEY}')}>", f"<YT{REMOVED}>"),
    "base64 after three bytes": (KEY, f"<{base64_of(f'ab:{KEY}')}>", f"<YWI6{REMOVED}>"),
    "base64 before more": (KEY, f"<{base64_of(f'{KEY}:xyzxyz')}>", f"<{REMOVED}Hl6eHl6>"),
    "base64 with signs": (TILDES, f"<{base64_of(TILDES)}>", f"<{REMOVED}>"),
    "base64 with signs after one byte": (TILDES, f"<{base64_of('~' + TILDES)}>", f"<f{REMOVED}>"),
    "base64 with signs after two bytes": (TILDES, f"<{base64_of('~~' + TILDES)}>", f"<fn{REMOVED}>"),
    "base64 with signs, for addresses": (TILDES, f"<{for_addresses(TILDES)}>", f"<{REMOVED}>"),
    "base64 with signs, form-encoded": (TILDES, f"<{quote(base64_of(TILDES))}>", f"<{REMOVED}>"),
    "in lines": (KEY, "nanonets-\nkey-0123456789", REMOVED),
    "in lines that end with a return": (KEY, "nanonets-\rkey-0123456789", REMOVED),
    "in lines that are indented": (KEY, "nanonets-\r\n \t key-0123456789", REMOVED),
    "in lines, in JSON": (KEY, "nanonets\\n-key-\\r\\n0123456789", REMOVED),
    "in lines, in JSON in JSON": (KEY, "nanonets\\\\n-key-0123\\\\n456789", REMOVED),
    "in lines, escaped": (KEY, "nanonets-key-0123\\u000a456789", REMOVED),
    "in lines, percent-encoded": (KEY, "nanonets-key-0123%0A456789", REMOVED),
    "in lines that end with a return, percent-encoded": (KEY, "nanonets-key-0123%0D456789", REMOVED),
    "in lines, in entities": (KEY, "nanonets-key-0123&#10;456789", REMOVED),
    "in lines, and once more": (KEY, f"{KEY} nanonets-\nkey-0123456789", REMOVED),
    "base64 in lines": (TILDES, f"{base64_of(TILDES)[:7]}\n{base64_of(TILDES)[7:]}", REMOVED),
    "base64 in lines, percent-encoded": (
        TILDES,
        quote(f"{base64_of(TILDES)[:7]}\n{base64_of(TILDES)[7:]}"),
        REMOVED,
    ),
    "short": (SHORT, "(ab12) x_ab12_ ab12.", f"({REMOVED}) x_{REMOVED}_ {REMOVED}."),
    "short, percent-encoded": (SHORT, "(%61b12)", f"({REMOVED})"),
    "short, escaped": (SHORT, "(\\u0061b12)", f"({REMOVED})"),
    "short, hexadecimal": (SHORT, "(61623132)", f"({REMOVED})"),
    "short, hexadecimal in upper case": ("jklm", "(6A6B6C6D)", f"({REMOVED})"),
    "short, base64": (SHORT, "(YWIxMg==) (YWIxMg)", f"({REMOVED}) ({REMOVED})"),
    "short, base64 before a colon": (SHORT, "(YWIxMjo=) (YWIxMjo)", f"({REMOVED}) ({REMOVED})"),
    "short, base64 after a colon": (SHORT, "(OmFiMTI=) (OmFiMTI)", f"({REMOVED}) ({REMOVED})"),
    "short, with a blank": ("a+1 ", "(a%2b1%20)", f"({REMOVED})"),
    "cut": (KEY, f"{KEY[:12]}\u2026", f"{REMOVED}\u2026"),
    "cut at its last letter": (KEY, f"x {KEY[:-1]}\u2026 y", f"x {REMOVED}\u2026 y"),
    "cut, of eight letters": ("abcd-1234", "x abcd-123\u2026", f"x {REMOVED}\u2026"),
    "cut, with a quote": ('nano"nets-key-0123', 'x nano"nets-k\u2026', f"x {REMOVED}\u2026"),
    "cut at one of its last letters": (KEY, f"x {KEY[:21]}\u2026 y", f"x {REMOVED}\u2026 y"),
    "cut, beside an encoded one": (KEY, f"{percent(KEY)} {KEY[:12]}\u2026", f"{REMOVED} {REMOVED}\u2026"),
    "without a letter or digit": ("~?>~?>~!", "<~?>~?>~!>", f"<{REMOVED}>"),
    "split by an entity of nothing": (KEY, "<nano&#1;nets-key-0123456789>", f"<{REMOVED}>"),
    "split inside a percent escape three times": (KEY, "<%\x0125256eanonets-key-0123456789>", f"<{REMOVED}>"),
    "in lines where it has blanks": (BLANKS, "<key 0123\n4567\r89ab\tcdef>", f"<{REMOVED}>"),
    "in lines where it has blanks, in JSON": (BLANKS, "<key 0123\\n4567\\r89ab\\tcdef>", f"<{REMOVED}>"),
    "in lines where it has blanks, percent-encoded": (
        BLANKS,
        "<key 0123%0A4567%0D89ab%09cdef>",
        f"<{REMOVED}>",
    ),
    "in a very long text, as it is": ("abcd-123", f"{'x' * 200_000}abcd-123", f"{'x' * 200_000}{REMOVED}"),
    "in a text of just that length": (
        KEY,
        f"{'x' * (200_000 - 69)}{percent(KEY)}",
        f"{'x' * (200_000 - 69)}{REMOVED}",
    ),
    "short, as it is and in a word": (SHORT, "(ab12) cab12", f"({REMOVED}) cab12"),
    "short, base64 that ends with a letter of its own": ("ab12cW", "(YWIxMmNX)", f"({REMOVED})"),
    "with escapes for a short word": ("%61%62%63%64", "xabcdx (abcd)", f"xabcdx ({REMOVED})"),
    "base64 with slashes, for addresses": (MARKS, f"<{for_addresses(MARKS)}>", f"<{REMOVED}>"),
    "base64 with slashes after one byte, for addresses": (
        MARKS,
        f"<{for_addresses('a' + MARKS)}>",
        f"<Y{REMOVED}>",
    ),
    "base64 with slashes after two bytes, for addresses": (
        MARKS,
        f"<{for_addresses('ab' + MARKS)}>",
        f"<YW{REMOVED}>",
    ),
    "in three layers of entities that are split": (
        KEY,
        "<&\x01amp;#37;6eanonets-key-0123456789>",
        f"<{REMOVED}>",
    ),
    "hexadecimal, after an escape": (KEY, f"a%20b {KEY.encode().hex()}", f"a%20b {REMOVED}"),
}
"""Form → a secret, a text that holds it so, and what is left of the text."""

KEPT: dict[str, tuple[str, str]] = {
    "a short secret in a word": (SHORT, "cab12 ab123 xab12x"),
    "a short secret in a hexadecimal number": (SHORT, "0061623132"),
    "a short secret in other base64": (SHORT, "xYWIxMg=="),
    "a short secret over lines": (SHORT, "ab\n12"),
    "too short a secret": ("ab1", "(ab1)"),
    "the beginning of a secret": (KEY, "nanonets-key-0"),
    "less than half of a secret where a text is cut": (KEY, f"{KEY[:11]}\u2026"),
    "half of a secret elsewhere": (KEY, f"{KEY[:15]} x\u2026"),
    "half of a secret after a cut": (KEY, f"x\u2026 {KEY[:15]}"),
    "words of a secret": (KEY, "0123456789 key nanonets"),
    "words of a secret in lines": (KEY, "nanonets\nkey\n0123456789"),
    "escapes": (KEY, "100 %25 &amp; C:\\new\\x41 \\u0041 &notit; &#0; \u200b \u2026"),
    "escapes with words of a secret": (KEY, "%6eanonets &lt;key&gt; \\u0030123456789 \u200b"),
    "too short a word of a secret": ("%61%62%63", "(abc)"),
    "a short secret that nobody sees to stand alone": (SHORT, "x\u200bab12"),
    "a short secret in an alphabet of base64": ("a/b1", "(a_b1)"),
    "less than half of a secret where a text is cut, after half": (KEY, f"{KEY[:12]} {KEY[:11]}\u2026"),
    "a secret with a blank in it, among lines": (KEY, "nanonets-key-01234 56789\nx"),
}
"""What is no secret, though parts of one stand there → a secret, and a text that stays."""


@pytest.mark.parametrize(("secret", "said", "shown"), FORMS.values(), ids=FORMS)
def test_a_form_is_taken_out_of_messages_texts_and_keys(secret: str, said: str, shown: str) -> None:
    value: Any = {"list": [said, 1], said: "kept"}
    assert without_secrets(said, (secret,)) == shown
    assert masked(value, compact(value), (secret,)) == {"list": [shown, 1], shown: "kept"}


@pytest.mark.parametrize(("secret", "said"), KEPT.values(), ids=KEPT)
def test_what_is_no_secret_stays(secret: str, said: str) -> None:
    value: Any = {"list": [said, 1], said: "kept"}
    assert without_secrets(said, (secret,)) == said
    assert masked(value, compact(value), (secret,)) == value


EXACTLY: dict[str, tuple[tuple[str, ...], str, str]] = {
    "twice, percent-encoded": (
        (KEY,),
        f"a%20b {percent(KEY)} c {percent(KEY)}%20d",
        f"a%20b {REMOVED} c {REMOVED}%20d",
    ),
    "among entities and escapes": (
        (KEY,),
        f"&lt;a&gt; C:\\new {entities(KEY)} \\u0041!",
        f"&lt;a&gt; C:\\new {REMOVED} \\u0041!",
    ),
    "in one run of escapes with another": (
        (KEY, OTHER),
        f"[{units(KEY + OTHER)}] and [{units(OTHER)}]",
        f"[{REMOVED}] and [{REMOVED}]",
    ),
    "beside another": ((KEY, OTHER), f"{percent(KEY + OTHER)}.", f"{REMOVED}{REMOVED}."),
    "with lines": (
        (KEY,),
        "first\nsecond %6eanonets-key-0123456789\nthird",
        f"first\nsecond {REMOVED}\nthird",
    ),
    "cut twice": ((KEY,), f"x {KEY[:15]}… y {KEY[:21]}… z…", f"x {REMOVED}… y {REMOVED}… z…"),
    "cut, beside another": (
        (KEY, OTHER),
        f"{OTHER[:10]} {KEY[:20]}…",
        f"{OTHER[:10]} {REMOVED}…",
    ),
    "cut, the shorter of two": ((KEY, OTHER), f"x {OTHER[:10]}…", f"x {REMOVED}…"),
    "not cut": ((KEY,), f"{KEY[:20]} and more…", f"{KEY[:20]} and more…"),
    "short, in base64 after a colon": (("ab12",), f"({base64_of(':ab12')})", f"({REMOVED})"),
    "short, in base64 before a colon": (("ab12",), f"({base64_of('ab12:')})", f"({REMOVED})"),
    "short, in base64 with signs": (("~~~~~",), f"({base64_of('~~~~~')})", f"({REMOVED})"),
    "short, in base64 with signs, for addresses": (("~~~~~",), "(fn5-fn4)", f"({REMOVED})"),
    "short, in base64 with a slash, for addresses": (("?a?b1",), "(P2E_YjE)", f"({REMOVED})"),
    "short, in base64 with signs, form-encoded": (("~~~~~",), "(fn5%2Bfn4%3D)", f"({REMOVED})"),
    "with an escape and an entity of its own": (("\\n%\\Z&lt",), "x\\n%\\Z&amp;lty", REMOVED),
    "with a blank and an entity of its own": (("%25 &amp;",), f"<{quote_plus('%25 &amp;')}>", REMOVED),
    "in a very long text": ((KEY,), f"{'x' * 200_000}{percent(KEY)}", REMOVED),
}


@pytest.mark.parametrize(("secrets", "said", "shown"), EXACTLY.values(), ids=EXACTLY)
def test_what_stands_around_a_secret_stays(secrets: tuple[str, ...], said: str, shown: str) -> None:
    assert without_secrets(said, secrets) == shown
    assert masked({"text": said}, compact({"text": said}), secrets) == {"text": shown}


def test_what_is_cut_or_in_lines_by_chance_stays() -> None:
    for said in (
        "nano…",
        "nanonets…",
        "the nanonets-\nkey and more",
        "C:\\x86\\new\n\\x41",
        "12\n34",
        "ab\ncd",
    ):
        value: Any = {"text": said}
        known = ("nanonets-key-0123456789", "1234", "abcd")
        assert without_secrets(said, known) == said
        assert masked(value, compact(value), known) == value
