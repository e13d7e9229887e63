"""What the documents promise is tested: each promise has its tests, each passage that promises a promise."""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent

with (TESTS / "data" / "promises.csv").open(encoding="utf-8", newline="") as file:
    PROMISES = list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))

PROMISING = {
    "README.md": ("Safety",),
    "docs/guards.md": (
        "The journal",
        "Undo",
        "Expected value",
        "Confirmation",
        "No duplicate writes",
        "Policy",
        "Untrusted text",
    ),
    "docs/policy.md": ("Rules for groups", "How the rules work"),
}
"""The sections of which every passage promises something."""


def joined(text: str) -> str:
    """A text on one line, without emphasis."""
    return " ".join(text.replace("**", "").split())


@cache
def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def functions_of(file: str) -> set[str]:
    """The names of the test functions of a file."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def passages(name: str, section: str) -> list[str]:
    """The paragraphs and list items of a section, without code and tables."""
    text = re.sub(r"```.*?```", "\n\n", document(name), flags=re.DOTALL)
    body = re.split(r"^#+ ", text.partition(f"## {section}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.split(r"\n\s*\n|\n(?=- )", body)
    return [joined(block) for block in blocks if block.strip() and not block.strip().startswith("|")]


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: f"{row['document']}: {row['promise'][:40]}")
def test_a_promise_is_in_its_document_and_its_tests_are_there(row: dict[str, str]) -> None:
    assert joined(row["promise"]) in joined(document(row["document"])), "reword the table with the document"
    assert row["tests"].split()
    for named in row["tests"].split():
        file, _, test = named.partition("::")
        assert test in functions_of(file), f"{named} is not there; which test holds this promise now?"


@pytest.mark.parametrize(
    ("name", "section"), [(name, section) for name, sections in PROMISING.items() for section in sections]
)
def test_each_passage_that_promises_something_is_in_the_table(name: str, section: str) -> None:
    promised = [joined(row["promise"]) for row in PROMISES if row["document"] == name]
    found = passages(name, section)
    assert found, f"{name} has no section {section}"
    for passage in found:
        assert any(promise in passage for promise in promised), f"no promise in the table covers: {passage}"
