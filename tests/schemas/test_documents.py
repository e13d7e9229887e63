"""The OpenAPI documents are valid, complete and say of each operation what is known of it."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from docreview_mcp.schemas import load_operations, load_own_operations
from docreview_mcp.schemas.document import document_paths, read_document
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from scripts.generate import generated_files, read_operations

FACTS = Path(__file__).parents[1] / "data" / "operations.csv"


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The OpenAPI documents by name; read by tests only, not by each worker."""
    return {name: read_document(path) for name, path in document_paths().items()}


def raw_operations() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Document name, operation and document for every operation."""
    return [
        (name, operation, document)
        for name, document in documents().items()
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", document_paths())
def test_document_is_valid_openapi(name: str) -> None:
    assert documents()[name]["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(documents()[name]).iter_errors()] == []


def test_generated_files_are_current() -> None:
    stale = [path.name for path, text in generated_files().items() if path.read_text() != text]
    assert stale == [], "run make generate"


def test_every_known_operation_is_there_with_its_address_and_effect() -> None:
    with FACTS.open() as stream:
        facts = {row["operation_id"]: row for row in csv.DictReader(stream)}
    found = {
        operation.id: {
            "tool": operation.tool,
            "toolset": operation.toolset,
            "tier": operation.tier,
            "operation_id": operation.id,
            "method": operation.route.method,
            "path": operation.route.path,
            "effect": operation.effect,
            "idempotent": str(operation.idempotent).lower(),
        }
        for operation in load_operations().values()
    }
    assert found == facts
    tiers = Counter(row["tier"] for row in facts.values())
    assert (tiers["documented"], tiers["companion"]) == (111, 23)


def test_path_parameters_are_those_of_the_path() -> None:
    for operation in load_operations().values():
        declared = sorted(each.name for each in operation.parameters if each.location == "path")
        for route in operation.routes:
            assert sorted(re.findall(r"\{(\w+)\}", route.path)) == declared, (operation.id, route)


def test_examples_fit_their_schemas() -> None:
    checked = 0
    for name, operation, document in raw_operations():
        media = [*operation.get("requestBody", {}).get("content", {}).values()]
        for response in operation["responses"].values():
            media += response.get("content", {}).values()
        for entry in media:
            for example in _examples(entry, document):
                schema = {**entry["schema"], "components": document["components"]}
                faults = [error.message for error in Draft202012Validator(schema).iter_errors(example)]
                assert faults == [], (name, operation["operationId"])
                checked += 1
    assert checked > 180


def test_no_document_holds_a_token() -> None:
    for path in document_paths().values():
        assert not re.search(r"eyJ[\w-]{10}", path.read_text()), path.name


def test_record_is_the_documents_without_references() -> None:
    text = json.dumps([operation.response for operation in load_operations().values()])
    assert "$ref" not in text


def _examples(entry: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    if "example" in entry:
        return [entry["example"]]
    found = []
    for example in entry.get("examples", {}).values():
        if "$ref" in example:
            example = document["components"]["examples"][example["$ref"].rsplit("/", 1)[1]]
        found.append(example["value"])
    return found


def test_dates_stay_text() -> None:
    assert yaml.safe_load("2026-01-01") != "2026-01-01", "plain YAML would make dates of texts"
    assert "2015-01-19T02:00:00Z" in json.dumps(documents()["studio"])


def test_a_server_reads_from_the_record_what_the_documents_say() -> None:
    loaded = {**load_own_operations(), **load_operations()}
    described = {each.id: each for each in read_operations()}
    assert loaded.keys() == described.keys()
    for name, operation in described.items():
        assert repr(loaded[name]) == repr(operation)
