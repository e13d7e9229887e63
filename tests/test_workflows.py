"""The workflows run what the project claims to support, with no more rights than they need."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from scripts.project import ROOT, project

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS: dict[str, dict[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.yml")
}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]
MAY_WRITE = {("release", "github"): {"contents"}, ("release", "build"): {"attestations", "id-token"}}


def steps(workflow: str, job: str) -> list[dict[str, Any]]:
    return WORKFLOWS[workflow]["jobs"][job].get("steps", [])


def test_the_matrix_is_what_the_classifiers_say() -> None:
    matrix = WORKFLOWS["checks"]["jobs"]["test"]["strategy"]["matrix"]
    versions = [each.rpartition(" ")[2] for each in project()["classifiers"]]
    named = [version for version in versions if version.startswith("3.")]
    assert matrix["python"] == named
    assert named[0] == project()["requires-python"].removeprefix(">=")
    assert [each.removesuffix("-latest") for each in matrix["os"]] == ["ubuntu", "macos", "windows"]


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_has_an_end_and_few_rights(workflow: str, job: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    described = WORKFLOWS[workflow]["jobs"][job]
    rights = {key for key, value in described.get("permissions", {}).items() if value == "write"}
    allowed = MAY_WRITE.get((workflow, job), set()) | ({"id-token"} if workflow == "release" else set())
    assert rights <= allowed
    assert "uses" in described or described["timeout-minutes"] <= 60
    for step in steps(workflow, job):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        # What a fork's pull request is called must not become a command.
        assert not re.search(r"\$\{\{\s*github\.(event|head_ref|ref_name)", step.get("run", ""))


def test_make_has_what_the_workflows_call() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w.$()/-]+):", makefile, re.MULTILINE))
    called = {
        word
        for workflow, job in JOBS
        for step in steps(workflow, job)
        for line in re.findall(r"(?:^|\n)\s*make ([\w ./-]+)", step.get("run", ""))
        for word in line.split()
    }
    assert called >= {"lint", "site", "test-lowest", "package", "bundle", "examples", "conformance"}
    assert {word.replace(".venv/", "$(VENV)/") for word in called} <= targets


def test_nothing_is_published_before_the_checks_have_passed() -> None:
    jobs = WORKFLOWS["release"]["jobs"]
    assert jobs["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert [jobs[name]["needs"] for name in ("build", "pypi", "github")] == ["checks", "build", "pypi"]
    every = [*steps("release", "build"), *steps("release", "pypi")]
    uses = [step.get("uses", "").partition("@")[0] for step in every]
    assert {"actions/attest-build-provenance", "pypa/gh-action-pypi-publish"} <= set(uses)
    assert "secrets." not in (FOLDER / "release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_an_action_is_pinned_to_a_commit_with_its_version_beside_it(workflow: str) -> None:
    text = (FOLDER / f"{workflow}.yml").read_text(encoding="utf-8")
    for used in re.findall(r"uses: (\S+.*)", text):
        assert used.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_updates_wait_for_a_cooldown() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"pip", "github-actions"}
    assert all(each["cooldown"]["default-days"] >= 7 for each in updates)
