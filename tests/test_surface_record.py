"""What users rely on changes only with a word in the changelog, and a release is what its tag says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from docreview_mcp.tools import load_tools

from scripts.project import ROOT
from scripts.release import faults_of_release, notes_of, prepare, unreleased
from scripts.surface_record import RECORD, RELEASED, SurfaceChange, changes, is_named, render_surface

NOW: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_record_is_current() -> None:
    assert RECORD.read_text(encoding="utf-8") == render_surface(load_tools()), "run make generate"


def test_the_changelog_names_what_changed_since_the_last_release() -> None:
    said = unreleased(CHANGELOG)
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    missing = [change.text for change in changes(released, NOW) if not is_named(change, said)]
    assert not missing, f"name it under Unreleased in CHANGELOG.md: {missing}"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("tools", "review_new"), {"arguments": {}}, "tool review_new was added"),
        (("tools", "review_queue"), None, "tool review_queue was removed"),
        (("tools", "review_queue", "effect"), "write", "review_queue: effect read, idempotent is write now"),
        (("tools", "review_queue", "arguments", "limit"), None, "review_queue: argument limit was removed"),
        (("prompts", "one_more"), {}, "prompt one_more was added"),
        (("settings", "DOCREVIEW_NEW"), "str", "setting DOCREVIEW_NEW was added"),
        (("settings", "DOCREVIEW_TIMEOUT"), "float", "setting DOCREVIEW_TIMEOUT: "),
        (("commands", "docreview-mcp doctor", "options"), {}, "docreview-mcp doctor: --sandbox was removed"),
        (("hosts", "zed", "path"), "servers", "host zed: "),
        (("errors",), [], "error code conflict was removed"),
        (("python",), ["Settings"], "name of docreview_mcp.server build_server was removed"),
    ],
)
def test_each_kind_of_change_is_seen(path: tuple[str, ...], value: object, text: str) -> None:
    new = copy.deepcopy(NOW)
    inner: Any = new
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    found = changes(NOW, new)
    assert any(change.text.startswith(text) for change in found), found
    assert all(any(name in change.text for name in change.names) for change in found)
    assert not changes(NOW, copy.deepcopy(NOW))


def test_a_name_counts_only_as_a_word_of_code() -> None:
    change = SurfaceChange("tool limit was added", ("limit", "docreview-mcp new"))
    assert not is_named(change, "A limit, and `limits`, `the-limit`.")
    assert is_named(change, "Takes `limit`.")
    assert is_named(change, "Run `docreview-mcp new --x`.")


def test_wording_is_left_to_the_review() -> None:
    new = copy.deepcopy(NOW)
    new["tools"]["review_queue"]["description"] = "another digest"
    new["commands"]["docreview-mcp"]["help"] = ["other words"]
    assert not changes(NOW, new)


def test_a_release_is_prepared_in_one_step_and_checked(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md", "docs/surface.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    prepare(tmp_path, "9.8.0", "2031-02-03")
    changelog = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    records = [(tmp_path / "docs" / name).read_text() for name in ("surface.json", "surface-released.json")]
    assert 'version = "9.8.0"' in (tmp_path / "pyproject.toml").read_text()
    assert notes_of(changelog, "9.8.0") == unreleased(CHANGELOG).strip()
    assert faults_of_release("v9.8.0", "9.8.0", changelog, records[0], records[1]) == []


@pytest.mark.parametrize(
    ("tag", "version", "fault"),
    [
        ("v1.0.0", "1.0.1", "the tag is v1.0.0, the version in pyproject.toml is 1.0.1"),
        ("v1.0.0.dev0", "1.0.0.dev0", "the version 1.0.0.dev0 is not one to release"),
        ("v1.0.0", "1.0.0", "CHANGELOG.md has no dated section for 1.0.0"),
        ("v1.0.0", "1.0.0", "CHANGELOG.md has something under Unreleased"),
        ("v1.0.0", "1.0.0", "docs/surface-released.json is not the record of this version"),
    ],
)
def test_what_is_not_prepared_is_no_release(tag: str, version: str, fault: str) -> None:
    changelog = "# Changelog\n\n## [Unreleased]\n\n- more\n"
    assert fault in faults_of_release(tag, version, changelog, "{}", "{ }")
