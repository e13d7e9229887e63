"""Read the OpenAPI documents into `Operation` records.

Used when the generated record is made and by tests; a running server reads the generated record instead
(see `catalog`), so YAML is not needed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from .operation import Body, JsonObject, JsonValue, Operation, Parameter, Present, Route, Service, UndoStep

__all__ = ["DOCUMENTS", "DocumentError", "document_paths", "intents_of", "operations_of", "read_document"]

DOCUMENTS = ("review", "nanonets-documents", "nanonets-moderation", "nanonets-files", "studio")
"""The OpenAPI documents, in the order in which their tools are listed."""

_SERVICES: dict[str, Service] = {"review": "docreview", "studio": "studio"}
_METHODS = ("get", "post", "put", "patch", "delete")
_EXTENSION = "x-docreview"


class DocumentError(ValueError):
    """One of our OpenAPI documents lacks something that a record needs; the message says where."""


def document_paths() -> dict[str, Path]:
    """The file of each OpenAPI document by its name."""
    folder = Path(__file__).parent / "openapi"
    return {name: folder / f"{name}.yaml" for name in DOCUMENTS}


def read_document(path: Path) -> JsonObject:
    """Parse one OpenAPI document.

    Raises:
        DocumentError: the file does not hold an object.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_without_dates(loader))
    if not isinstance(document, dict):
        raise DocumentError(f"{path.name}: not an object")
    return cast("JsonObject", document)


def operations_of(name: str, document: JsonObject) -> Iterator[Operation]:
    """The operations of a parsed document, in its order, with every reference inlined.

    Raises:
        DocumentError: an operation lacks its tool name, or a reference leads nowhere.
    """
    service: Service = _SERVICES.get(name, "nanonets")
    for route, raw in _raw_operations(document):
        yield _operation(service, document, route, raw)


def intents_of(document: JsonObject) -> dict[str, list[str]]:
    """What people say when they want an operation, by the name of its tool, for the search of tools.

    They are no part of `Operation`, so that a server that is not searched does not read them.
    """
    extensions = [_object(raw.get(_EXTENSION, {})) for _, raw in _raw_operations(document)]
    return {
        str(ours["tool"]): [str(phrase) for phrase in _list(ours["intents"])]
        for ours in extensions
        if "intents" in ours
    }


def _raw_operations(document: JsonObject) -> Iterator[tuple[Route, JsonObject]]:
    for key, item in _object(document["paths"]).items():
        for method in _METHODS:
            raw = _object(item).get(method)
            if raw is not None:
                yield Route(method.upper(), key.partition("#")[0]), _object(raw)


def _operation(service: Service, document: JsonObject, route: Route, raw: JsonObject) -> Operation:
    where = f"{route.method} {route.path}"
    ours = _object(raw.get(_EXTENSION, {}))
    missing = [key for key in ("tool", "toolset", "tier", "effect", "idempotent") if key not in ours]
    if missing:
        raise DocumentError(f"{where}: {_EXTENSION} lacks {', '.join(missing)}")
    inlined = _object(_inline(document, cast("JsonValue", raw), ()))
    status, response = _success(inlined)
    known = {
        "id": inlined["operationId"],
        "service": service,
        "title": inlined["summary"],
        "description": str(inlined["description"]).strip(),
        "route": route,
        "parameters": tuple(_parameter(_object(entry)) for entry in _list(inlined.get("parameters", []))),
        "bodies": tuple(_bodies(_object(inlined.get("requestBody", {})))),
        "success_status": status,
        "response": response,
        "other_routes": tuple(_route(route, str(entry)) for entry in _list(ours.get("other_paths", []))),
        "authenticated": inlined.get("security") != [],
        "if_signed_in": {} in _list(inlined.get("security", [])),
        "body_argument": ours.get("argument", ""),
        "token_property": ours.get("token", ""),
        "present": _present(ours.get("present")),
        **_undo(ours.get("undo", [])),
    }
    same_name = ("tool", "toolset", "tier", "effect", "idempotent", "further_keys", "ends_session")
    sentences = ("conflict", "after", "narrow", "evidence", "note", "undo_leaves")
    flags = ("download", "irreversible", "pictures")
    plain = {key: ours[key] for key in (*same_name, "panel", "parts", *flags, *sentences) if key in ours}
    return Operation(**known, **plain)  # pyright: ignore[reportArgumentType] - the test of the record checks it


def _parameter(raw: JsonObject) -> Parameter:
    schema = dict(_object(raw["schema"]))
    if "description" in raw:
        schema["description"] = raw["description"]
    return Parameter(
        name=str(raw["name"]),
        location="path" if raw["in"] == "path" else "query",
        required=bool(raw.get("required", False)),
        schema=schema,
        separator="," if raw.get("explode") is False else "",
    )


def _bodies(raw: JsonObject) -> Iterator[Body]:
    for content_type, media in _object(raw.get("content", {})).items():
        yield Body(content_type, bool(raw.get("required", False)), _object(_object(media)["schema"]))


def _present(raw: JsonValue) -> Present | None:
    if raw is None:
        return None
    given = _object(raw)
    lists = {key: tuple(_list(given[key])) for key in ("find", "keys", "shows") if key in given}
    gone: JsonObject = {"after": {}, "gone_after": True} if given.get("after") == "gone" else {}
    return Present(**{**given, **lists, **gone})  # pyright: ignore[reportArgumentType] - as below


def _undo(raw: JsonValue) -> dict[str, Any]:
    """The steps that undo an operation, or the reason why nothing does, which is a text."""
    if isinstance(raw, str):
        return {"not_undoable": raw.strip()}
    steps = [_object(entry) for entry in _list(raw)]
    return {"undo": tuple(UndoStep(**step) for step in steps)}  # pyright: ignore[reportArgumentType] - as below


def _success(raw: JsonObject) -> tuple[int, JsonObject | None]:
    for status, response in _object(raw["responses"]).items():
        if str(status).startswith("2"):
            media = _object(_object(response).get("content", {})).get("application/json")
            schema = _object(media).get("schema") if media is not None else None
            return int(status), None if schema is None else _object(schema)
    raise DocumentError(f"{raw.get('operationId')}: no success answer")


def _route(first: Route, entry: str) -> Route:
    method, _, path = entry.rpartition(" ")
    return Route(method or first.method, path)


def _inline(
    document: JsonObject, value: JsonValue, seen: tuple[str, ...], keys_are_names: bool = False
) -> JsonValue:
    """`value` with references replaced and examples left out; a property may still be named `example`."""
    if isinstance(value, list):
        return [_inline(document, entry, seen) for entry in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if keys_are_names or reference is None:
        return {
            key: _inline(document, entry, seen, keys_are_names=key == "properties" and not keys_are_names)
            for key, entry in value.items()
            if keys_are_names or key not in ("example", "examples")
        }
    target = str(reference)
    if target in seen:
        raise DocumentError(f"{target} refers to itself")
    beside = {key: _inline(document, entry, seen) for key, entry in value.items() if key != "$ref"}
    return {**_object(_inline(document, _lookup(document, target), (*seen, target))), **beside}


def _lookup(document: JsonObject, reference: str) -> JsonValue:
    found: JsonValue = document
    for step in reference.removeprefix("#/").split("/"):
        if not isinstance(found, dict) or step not in found:
            raise DocumentError(f"{reference} leads nowhere")
        found = found[step]
    return found


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise DocumentError(f"wanted an object, came {value!r}")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise DocumentError(f"wanted a list, came {value!r}")
    return value


def _without_dates(loader: Any) -> Any:
    """A loader that leaves dates as the text they are in JSON."""
    known = cast("dict[str, list[tuple[str, object]]]", loader.yaml_implicit_resolvers)
    resolvers = {
        first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
        for first, entries in known.items()
    }
    return type("Loader", (loader,), {"yaml_implicit_resolvers": resolvers})
