"""Valid arguments for any operation, and what a request that carries them has to look like on the wire."""

from __future__ import annotations

import base64
import json
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote

from docreview_mcp.schemas import Operation
from hypothesis import strategies as st
from untrusted_answers import hidden_in

FILE = b"%PDF-1.4 a small file"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
WILD = st.sampled_from(
    ["a/b", "..%2f", "..%2fa", "a?b=c", "a#b", "%2e%2e", "ü ñ", "a&b;c", "{x}", " .. ", "a\\b", "1e5", "-"]
)


def sample_arguments(operation: Operation, optional: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that the operation takes: the required ones and, if wanted, any of the others."""
    required: dict[str, Any] = {}
    others: dict[str, Any] = {}
    paths = {each.name for each in operation.parameters if each.location == "path"}
    for each in operation.parameters:
        if "const" in each.schema:
            continue
        values = path_values(each.schema) if each.location == "path" else sample(each.schema)
        (required if each.required else others)[each.name] = _of_ids(each.name, values)
    if operation.body_argument:
        required[operation.body_argument] = sample(operation.bodies[0].schema)
        return st.fixed_dictionaries(required, optional=others if optional else {})
    bodies = [_body_arguments(body.schema, paths) for body in operation.bodies] or [({}, {})]
    if operation.further_keys:
        further = st.dictionaries(st.sampled_from(["id", "url", "page_x"]), sample({}), max_size=2)
        bodies[0][1][operation.further_keys] = further
    return st.one_of(
        [
            st.fixed_dictionaries({**required, **needed}, optional={**others, **free} if optional else {})
            for needed, free in bodies
        ]
    )


def plain_arguments(operation: Operation, optional: bool, body: int = 0) -> dict[str, Any]:
    """The same valid arguments each time; with `optional`, every argument that can be given together.

    `body` is which of the bodies that the operation takes.
    """
    given: dict[str, Any] = {}
    paths = {each.name for each in operation.parameters if each.location == "path"}
    for each in operation.parameters:
        if "const" not in each.schema and (each.required or optional):
            given[each.name] = _plain(
                each.schema, _in_address(each.name) if each.name in paths else each.name
            )
    if operation.body_argument:
        return {**given, operation.body_argument: _plain(operation.bodies[0].schema, "body")}
    for chosen in operation.bodies[body : body + 1]:
        whole: dict[str, Any] = chosen.schema
        for name, schema in whole.get("properties", {}).items():
            needed = name in whole.get("required", [])
            if "contentMediaType" in schema and needed:
                types = schema.get("x-docreview", {}).get("file_types", ["bin"])
                given |= {"file_base64": base64.b64encode(FILE).decode(), "file_name": f"a file.{types[0]}"}
            elif "contentMediaType" not in schema and (needed or optional):
                given[f"body_{name}" if name in paths else name] = _plain(schema, name)
    if operation.further_keys and optional:
        given[operation.further_keys] = {"id": "page", "url": "u"}
    return given


def _in_address(name: str) -> str:
    """A value that has to be quoted whole in an address; what is no id may hold a slash, too."""
    return f"{name}..%41?a=b#c" if holds_id(name) else f"{name}/..%2f?a=b#c"


def holds_id(name: str) -> bool:
    """Whether an argument of this name holds an id, or several."""
    return re.search(r"(?:^|_)ids?$|^modelId$|^model$", name) is not None


def is_plain_id(text: Any) -> bool:
    """Whether a text is as ids are: nothing in it that looks like something else or like nothing."""
    if not isinstance(text, str):
        return True
    for _ in range(4):
        text = unquote(text)
    return text not in (".", "..") and not {*text} & {*"/\\"} and text.isprintable() and not hidden_in(text)


def _of_ids(name: str, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values for an argument or property of this name: plain ids where it holds some."""
    if not holds_id(name):
        return strategy
    return strategy.filter(lambda value: all(map(is_plain_id, value if isinstance(value, list) else [value])))


def _plain(schema: dict[str, Any], name: str) -> Any:
    """One value that the schema allows."""
    if "enum" in schema:
        return schema["enum"][-1]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "integer":
            return max(7, schema.get("minimum", 7))
        case "number":
            return schema.get("maximum", 2.5)
        case "boolean":
            return True
        case "array":
            return [
                _plain(schema.get("items", {}), f"{name} {index}")
                for index in range(schema.get("minItems", 2))
            ]
        case "object":
            return {key: _plain(entry, key) for key, entry in schema.get("properties", {}).items()}
        case _ if schema.get("format") == "email":
            return "ada@example.com"
        case _:
            return f"{name} ü " + "x" * schema.get("minLength", 0)


def sample(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of([sample({**schema, "type": one}) for one in kind])
    match kind:
        case "string" if schema.get("format") == "email":
            return st.sampled_from(["ada@example.com", "ü+1@example.org"])
        case "string":
            # An empty text where none can be meant counts as left out.
            least = schema.get("minLength", int("format" in schema))
            return st.text(st.characters(codec="utf-8"), min_size=least, max_size=least + 10)
        case "integer":
            return st.integers(schema.get("minimum", -(2**40)), schema.get("maximum", 2**40))
        case "number":
            low, high = schema.get("minimum", -1e6), schema.get("maximum", 1e6)
            return st.one_of(st.floats(low, high), st.integers(int(low), int(high)))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            least = schema.get("minItems", 0)
            most = min(schema.get("maxItems", least + 2), least + 2)
            return st.lists(sample(schema.get("items", {})), min_size=least, max_size=most)
        case "object":
            needed = schema.get("required", [])
            every = {
                name: _of_ids(name, sample(entry)) for name, entry in schema.get("properties", {}).items()
            }
            named = st.fixed_dictionaries(
                {name: every[name] for name in needed},
                optional={name: entry for name, entry in every.items() if name not in needed},
            )
            if not schema.get("additionalProperties"):
                return named
            own = st.dictionaries(st.sampled_from(["own_key", "ünicode"]), TEXTS, max_size=2)
            return st.builds(lambda known, more: {**more, **known}, named, own)
        case _:
            return st.one_of(TEXTS, st.integers(), st.booleans(), st.lists(st.integers(), max_size=2))


def path_values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values for a place in an address, nasty ones included."""
    if schema.get("type") == "integer":
        return sample(schema)
    values = st.one_of(WILD, TEXTS).filter(lambda text: text not in ("", ".", ".."))
    return values.filter(lambda text: bool(re.search(schema.get("pattern", ""), text)))


def _body_arguments(schema: dict[str, Any], paths: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    needed: dict[str, Any] = {}
    free: dict[str, Any] = {}
    for name, entry in schema.get("properties", {}).items():
        target = needed if name in schema.get("required", []) else free
        if "contentMediaType" in entry:
            types = entry.get("x-docreview", {}).get("file_types", ["bin"])
            if target is needed:
                needed["file_base64"] = st.just(base64.b64encode(FILE).decode())
                needed["file_name"] = st.just(f"a file.{types[0]}")
            continue
        target[f"body_{name}" if name in paths else name] = _of_ids(name, sample(entry))
    return needed, free


def check_on_the_wire(
    operation: Operation,
    arguments: dict[str, Any],
    method: str,
    raw_path: bytes,
    content_type: str,
    body: bytes,
) -> None:
    """Assert that a request says what the arguments say: nothing more, nothing less, nowhere else."""
    assert method == operation.route.method
    path, _, query = raw_path.decode("ascii").partition("?")
    left = dict(arguments)
    template = operation.route.path.split("/")
    parts = path.split("/")
    assert len(parts) == len(template), path
    for place, part in zip(template, parts, strict=True):
        if place.startswith("{"):
            assert unquote(part) == str(left.pop(place[1:-1]))
        else:
            assert part == place
    _check_query(operation, left, query)
    _check_body(operation, left, content_type.partition(";")[0], content_type, body)


def _check_query(operation: Operation, left: dict[str, Any], query: str) -> None:
    wanted: list[tuple[str, str]] = []
    for each in operation.parameters:
        if each.location == "query" and "const" in each.schema:
            wanted.append((each.name, json.dumps(each.schema["const"])))
        elif each.location == "query" and each.name in left:
            value = left.pop(each.name)
            wanted.append(
                (each.name, ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value))
            )
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(wanted)


def _check_body(
    operation: Operation, left: dict[str, Any], media_type: str, content_type: str, body: bytes
) -> None:
    if operation.body_argument:
        assert json.loads(body) == left[operation.body_argument]
        return
    further = left.pop(operation.further_keys, {})
    left = {**further, **left}
    with_file = "file_base64" in left
    left.pop("file_base64", None)
    name = left.pop("file_name", None)
    paths = {each.name for each in operation.parameters if each.location == "path"}
    named = {
        key.removeprefix("body_") if key.removeprefix("body_") in paths else key: value
        for key, value in left.items()
    }
    if not operation.bodies or (not body and not operation.bodies[0].required):
        assert not named
        assert not body
        return
    is_form = operation.bodies[0].content_type != "application/json"
    if is_form and not named and not with_file:
        assert not body
        return
    assert media_type in {each.content_type for each in operation.bodies}, operation.id
    if media_type == "application/json":
        assert json.loads(body) == named, (operation.id, named, body)
        return
    wanted = [(key, text) for key, value in named.items() for text in form_texts(value)]
    if media_type == "application/x-www-form-urlencoded":
        assert sorted(parse_qsl(body.decode(), keep_blank_values=True)) == sorted(wanted)
        return
    fields, files = parse_multipart(content_type, body)
    assert sorted(fields) == sorted(wanted)
    assert files == ([(name, FILE)] if with_file else [])


def parse_multipart(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, bytes]]]:
    """The fields and files of a multipart body, read by the standard library's mail parser."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is not None:
            files.append((str(part.get_filename()), content))
        else:
            fields.append((str(part.get_param("name", header="content-disposition")), content.decode()))
    return fields, files


def text_of(value: Any) -> str:
    """A value as a query or form field carries it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def form_texts(value: Any) -> list[str]:
    """The texts of one form field; a list repeats it."""
    return [text_of(entry) for entry in value] if isinstance(value, list) else [text_of(value)]
