"""The policy file: how it is read, its faults, and what `doctor` says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.doctor.doctor import examine
from docreview_mcp.server.settings.policy_file import PolicyFileError, keys
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.tools import load_tools

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()
EXAMPLE = PAGE.split("```toml\n")[1].split("```")[0]
FOR_GROUPS = PAGE.split("```toml\n")[2].split("```")[0]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def fault_of(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings(policy=path).read_policy()
    said = str(caught.value)
    assert said.startswith(f"DOCREVIEW_POLICY: {path}: ")
    assert said.isprintable()
    return said.removeprefix(f"DOCREVIEW_POLICY: {path}: ")


def test_no_file_means_no_rules() -> None:
    assert not Settings().read_policy().is_set


def test_the_example_of_the_documentation_works(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written.write_text(EXAMPLE)
    monkeypatch.setenv("DOCREVIEW_POLICY", str(written))
    policy = read_settings().read_policy().of()
    assert policy.models.allowed == ("1201",)
    assert policy.as_object()["session"] == {"max_writes": 200, "max_approvals": 50}
    assert policy.as_object()["approval"] == {"min_confidence": 0.9}
    left = {tool.name for tool in load_tools() if not policy.tool_refusal(tool.name, tool.toolset)}
    assert {"nanonets_update_field", "nanonets_approve_file", "review_apply"} <= left
    assert not left & {"nanonets_delete_field", "studio_delete_project", "nanonets_update_file_fields"}


def test_the_example_for_groups_works(written: Path) -> None:
    written.write_text(FOR_GROUPS)
    policies = Settings(policy=written).read_policy()
    assert set(policies.groups) == {"interns", "/accounting/clerks"}
    assert policies.of(["interns"]).tool_refusal("studio_create_project", "studio-projects")
    assert policies.of(["/accounting/clerks"]).as_object() == {
        "group./accounting/clerks": {"approval": {"all_verified": True}}
    }
    assert policies.of().tool_refusal("nanonets_approve_file", "nanonets-files")


def test_the_documentation_names_every_key() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    tables = {name: set(re.findall(r"`(\w+)`", row.split("|")[2])) for name, row in _with_table(rows)}
    assert tables == {name: set(known) for name, known in keys().items()}


def _with_table(rows: list[str]) -> list[tuple[str, str]]:
    """Each table with its rows in one: a row without a table continues the one before."""
    found: dict[str, str] = {}
    name = ""
    for row in rows[2:]:
        cells = row.split("|")
        name = cells[1].strip(" `[]") or name
        found[name] = f"|{cells[1]}|{found.get(name, '||').split('|')[2]}{cells[2]}|"
    return list(found.items())


def test_an_editor_s_byte_order_mark_does_no_harm(written: Path) -> None:
    written.write_text("\ufeff[session]\nmax_writes = 0\n", encoding="utf-8")
    assert Settings(policy=written).read_policy().of().max_writes == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "contains no rule"),
        ("[tools]\n[approval]\nall_verified = false", "contains no rule"),
        ("[tools\n", "is not valid TOML: "),
        ("a = " + "[" * 100_000, "is not valid TOML: "),
        ("[tool]\nforbidden = []", "tool: unknown; did you mean [tools]?"),
        ("colour = 1", "colour: unknown; the known ones are [tools], "),
        ("max_writes = 1", "max_writes: unknown; did you mean session.max_writes?"),
        ("[tools]\nforbiden = []", "tools.forbiden: unknown; did you mean forbidden?"),
        ("[session]\nmost_writes = 1", "session.most_writes: unknown; it was renamed to max_writes"),
        ("[approval]\nleast_confidence = 0.9", "it was renamed to min_confidence"),
        ("[session]\nx = 1", "session.x: unknown; the known ones are max_writes, max_approvals"),
        ("tools = 5", "tools: got 5, expected a table with allowed or forbidden"),
        ('[tools]\nallowed = "nanonets_*"', 'tools.allowed: got "nanonets_*", expected a list of tool names'),
        ("[tools]\nallowed = [5]", "tools.allowed: got 5, expected the name of a tool in quotes"),
        ('[tools]\nforbidden = ["nanonets_aprove_file"]', "did you mean nanonets_approve_file?"),
        ('[tools]\nforbidden = ["nanonets_erase_*"]', "there is no such tool"),
        ('[toolsets]\nallowed = ["studio-htl"]', "did you mean studio-hitl?"),
        ('[workflows]\nallowed = ["a*"]', 'workflows.allowed: got "a*", expected an id'),
        ('[workflows]\nforbidden = [" "]', 'workflows.forbidden: got " ", expected an id'),
        ("[models]\nforbidden = [true]", "models.forbidden: got true, expected an id"),
        ("[models]\nforbidden = [1.5]", "models.forbidden: got 1.5, expected an id"),
        (
            '[projects]\nallowed = ["Hotels"]',
            'projects.allowed: got "Hotels", expected a project number',
        ),
        ('[session]\nmax_writes = "9"', 'session.max_writes: got "9", expected a whole number, 0 or greater'),
        (
            "[session]\nmax_approvals = -1",
            "session.max_approvals: got -1, expected a whole number, 0 or greater",
        ),
        (
            "[approval]\nmin_confidence = 90",
            "approval.min_confidence: got 90, expected a number from 0 to 1",
        ),
        ("[approval]\nmin_confidence = nan", "expected a number from 0 to 1"),
        ("[approval]\nall_verified = 1", "approval.all_verified: got 1, expected true or false"),
        ("group = 5", "group: got 5, expected tables such as [group.interns.tools]"),
        ("[group]\ninterns = 5", "group.interns: got 5, expected tables such as"),
        ("[group.interns]\n", "group.interns: contains no rule"),
        ("[group.interns.tool]\nallowed = []", "group.interns.tool: unknown; did you mean [tools]?"),
        ("[group.interns.tools]\nallow = []", "group.interns.tools.allow: unknown; did you mean allowed?"),
        (
            "[group.interns.session]\nmax_writes = 1",
            "group.interns.session: unknown; a section for",
        ),
        ("[others.confirmation]\ntools = []", 'others.confirmation.where: missing, expected "browser"'),
        ("[others.session]\nmax_writes = 1", "others.session: unknown; a section for"),
        (
            '[group."a.b".projects]\nallowed = ["x"]',
            'group.a.b.projects.allowed: got "x", expected a project number',
        ),
        ("others = 1", "others: got 1, expected tables such as [others.tools]"),
        ("[group.a\u200bb.tools]\nallowed = [5]", "is not valid TOML: "),
        ('[group."a\u200bb".tools]\nallowed = [5]', "group.a?b.tools.allowed: got 5"),
        ("[groups.interns.tools]\nallowed = []", "groups: unknown; did you mean [group]?"),
    ],
)
def test_each_fault_is_told_with_the_key_what_came_and_what_is_wanted(
    written: Path, content: str, said: str
) -> None:
    written.write_text(content)
    assert said in fault_of(written)


def test_all_faults_are_told_at_once(written: Path) -> None:
    written.write_text('[tools]\nallowed = [1, "x"]\n[session]\nmax_writes = -1\nmost = 2\n')
    with pytest.raises(PolicyFileError) as caught:
        Settings(policy=written).read_policy()
    assert len(caught.value.faults) == 4


def test_a_file_that_is_not_there_or_cannot_be_read_is_a_fault(written: Path, tmp_path: Path) -> None:
    assert fault_of(written) == "the file cannot be read (No such file or directory)"
    assert fault_of(tmp_path) == "is not a file"
    written.write_bytes(b"\xff\xfe[")
    assert fault_of(written) == "is not UTF-8 text"
    written.write_bytes(b"#" * 1_000_001)
    assert "bytes" in fault_of(written)
    assert "cannot be read" in fault_of(Path("~nobody-of-that-name/policy.toml"))


def test_doctor_tells_what_the_rules_leave(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written.write_text('[tools]\nforbidden = ["studio_*", "review_*"]\n[workflows]\nallowed = []\n')
    assert examine(Settings(sandbox=True, policy=written)) == 0
    said = capsys.readouterr().out
    assert (
        "ok    policy: in force: tools.forbidden = ['studio_*', 'review_*']; workflows.allowed = []" in said
    )
    shown = Settings(sandbox=True).selection.choose(load_tools())
    left = [tool for tool in shown if not tool.name.startswith(("studio_", "review_"))]
    writing = sum(tool.effect != "read" for tool in left)
    assert f"policy: allows {len(left)} of {len(shown)} tools, {writing} of them write tools" in said
    assert "note  policy: workflows.allowed is empty" in said
    assert "Studio: answers" in said


def test_doctor_tells_where_the_rules_do_not_reach(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written.write_text("[projects]\nallowed = [1]\n[approval]\nall_verified = true\n")
    written.chmod(0o666)
    examine(Settings(sandbox=True, policy=written))
    said = capsys.readouterr().out
    assert "an agent can mark values as verified itself (nanonets_" in said
    assert "rules on ids do not apply to" in said
    assert "can be changed by everyone" in said
    forbidden = ["nanonets_verify_*", "nanonets_add_*", "nanonets_update_file_fields", "nanonets_approve_*"]
    written.write_text(f"[tools]\nforbidden = {[*forbidden, 'review_*']}\n[approval]\nall_verified = true\n")
    examine(Settings(sandbox=True, policy=written))
    said = capsys.readouterr().out
    assert "allows no tool that approves" in said
    assert "mark values as verified" not in said


def test_doctor_tells_what_each_group_is_left(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written.write_text('[group.interns.tools]\nforbidden = ["studio_*"]\n[group.none.tools]\nallowed = []\n')
    assert examine(Settings(sandbox=True, policy=written)) == 0
    said = capsys.readouterr().out
    shown = Settings(sandbox=True).selection.choose(load_tools())
    left = [tool for tool in shown if not tool.name.startswith("studio_")]
    assert "ok    policy: [group.interns] adds: tools.forbidden = ['studio_*']" in said
    assert f"ok    policy: [group.interns] allows {len(left)} of {len(shown)} tools" in said
    assert f"note  policy: [group.none] allows 0 of {len(shown)} tools" in said
    assert "note  policy: has no section [others]" in said
    written.write_text("[group.a.tools]\nallowed = []\n[others.projects]\nallowed = [1]\n")
    examine(Settings(sandbox=True, policy=written))
    said = capsys.readouterr().out
    assert "[others] adds: projects.allowed = ['1']" in said
    assert "has no section [others]" not in said


def test_limits_and_checks_of_groups_are_looked_at_too(written: Path) -> None:
    written.write_text("[group.a.limits]\nmax_writes_per_day = 1\n")
    with pytest.raises(SettingsError, match="are counted in the journal"):
        Settings(policy=written, journal="none").read_policy()
    written.write_text('[others.approval]\nchecks = ["totl"]\n')
    assert fault_of(written).startswith('others.approval.checks: got "totl", but there is no such check')


def test_doctor_tells_every_fault_of_the_file(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written.write_text('[tools]\nallowed = ["x"]\n[sesion]\nmax_writes = 1\n')
    assert examine(Settings(sandbox=True, policy=written)) == 1
    faults = [line for line in capsys.readouterr().out.splitlines() if line.startswith("fault")]
    assert len(faults) == 2
    assert all(f"policy: {written}: " in line for line in faults)
