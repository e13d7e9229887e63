"""The `docreview-mcp` command as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Run
from docreview_mcp.schemas import load_operations
from docreview_mcp.tools import load_tools

COMMAND = [sys.executable, "-m", "docreview_mcp.server"]


def test_help_teaches(run: Run) -> None:
    text = run("--help").stdout
    for word in (
        "stdio",
        "demo",
        "tools",
        "call",
        "sandbox",
        "doctor",
        "NANONETS_API_KEY",
        "no account needed",
    ):
        assert word in text
    for command in ("stdio", "tools", "call", "doctor"):
        shown = run(command, "--help").stdout
        for option in (
            "--sandbox",
            "--toolsets",
            "--tools",
            "--exclude-tools",
            "--read-only",
            "DOCREVIEW_TOOLSETS",
        ):
            assert option in shown, (command, option)


def test_tools_shows_what_a_host_would_see(run: Run) -> None:
    plain = run("tools", "--toolsets", "nanonets-files", "--read-only")
    assert [line.split("\t")[0] for line in plain.stdout.splitlines()] == [
        "nanonets_list_file_pages",
        "nanonets_get_file",
        "nanonets_get_file_page",
        "nanonets_get_model",
    ] or {line.split("\t")[2] for line in plain.stdout.splitlines()} == {"read"}
    listed = json.loads(run("tools", "--json", DOCREVIEW_TOOLSETS="documented").stdout)
    documented = [tool.name for tool in load_tools() if tool.tier == "documented"]
    assert [tool["name"] for tool in listed["tools"]] == documented
    assert {"name", "title", "description", "inputSchema", "outputSchema", "annotations"} <= listed["tools"][
        0
    ].keys()


def test_tools_says_when_nothing_is_selected(run: Run) -> None:
    for form in ((), ("--json",)):
        done = run("tools", *form, "--read-only", "--tools", "nanonets_update_field")
        assert done.returncode == 1
        assert "no tool is listed with these settings" in done.stderr


@pytest.mark.parametrize("command", [("demo",), ("tools",), ("tools", "--json")])
def test_a_reader_that_goes_away_ends_the_command_quietly(command: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [*COMMAND, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 1


def test_interrupting_the_server_ends_it_at_once_while_stdin_is_open() -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with subprocess.Popen(
        [*COMMAND, "--sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) != 0


def test_the_server_tells_at_start_of_half_a_login() -> None:
    done = subprocess.run(
        COMMAND,
        env={**os.environ, "STUDIO_EMAIL": "a@b.c"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0)
    assert "STUDIO_EMAIL is set without STUDIO_PASSWORD" in done.stderr


def test_options_come_before_the_environment(run: Run) -> None:
    shown = run("tools", "--toolsets", "nanonets-files", DOCREVIEW_TOOLSETS="studio-hitl")
    assert "nanonets_approve_file" in shown.stdout
    assert "studio_add_hitl" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("nanonets_list_workflows", '{"limit": 1}', "--sandbox"), "", 0),
        (("nanonets_list_workflows", "-", "--sandbox"), '{"limit": 1}', 0),
        (("nanonets_get_workflow", '{"workflow_id": "nope"}', "--sandbox"), "", 1),
        (("nanonets_list_workflows", '{"limit": 0}', "--sandbox"), "", 1),
        (("nanonets_list_workflows",), "", 1),
    ],
)
def test_call_prints_the_structured_result(
    run: Run, arguments: tuple[str, ...], stdin: str, status: int
) -> None:
    done = run("call", *arguments, stdin=stdin)
    assert done.returncode == status, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert ("error" in result) == (status == 1)


def test_call_saves_the_picture_of_a_result(run: Run, tmp_path: Path) -> None:
    listed = json.loads(run("call", "review_queue", '{"kinds": ["document"]}', "--sandbox").stdout)
    document = {name: listed["entries"][0][name] for name in ("workflow_id", "document_id")}
    call = ("call", "review_region", json.dumps({**document, "page_number": 1}), "--sandbox")
    file = tmp_path / "page.png"
    done = run(*call, "--picture", str(file))
    assert done.returncode == 0, done.stderr
    assert file.read_bytes().startswith((b"\x89PNG", b"\xff\xd8"))
    assert str(file) in done.stderr
    assert "--picture FILE saves it" in run(*call).stderr
    none = run("call", "nanonets_list_workflows", "--sandbox", "--picture", str(file))
    assert (none.returncode, "no image" in none.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "nanonets_list_workflows", "{limit: 1}"), "not JSON"),
        (("call", "nanonets_list_workflows", "[1]"), "not a JSON object"),
        (("call", "nanonets_fly", "{}"), "nanonets_fly"),
        (("call", "nanonets_list_workflow"), "did you mean nanonets_list_workflows?"),
        (("demo", "--pause", "-1"), "--pause"),
        (("sandbox", "--port", "99999"), "--port"),
        (("tools", "--toolsets", "nanonet-files"), "did you mean nanonets-files?"),
        (("sandbox", "--host", "0.0.0.0"), "this machine only"),
        (("fly",), "No such command"),
        (("tools", "--surface", "small"), "--surface: expected"),
    ],
)
def test_a_wrong_command_is_told_in_a_line_and_ends_with_2(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NANONETS_BASE_URL", "http://example.com"),
        ("DOCREVIEW_TIMEOUT", "soon"),
        ("DOCREVIEW_PATHS", "[1"),
        ("DOCREVIEW_PATHS", '{"getProject": "https://evil.example/{project_id}"}'),
        ("DOCREVIEW_PATHS", '{"getProject": "/projects/1"}'),
        ("DOCREVIEW_TOOLSETS", "nanonet-files"),
        ("DOCREVIEW_CONFIRM", "sometimes"),
    ],
)
def test_a_broken_setting_ends_the_start_with_one_line_that_names_it(
    run: Run, variable: str, value: str
) -> None:
    done = run(**{variable: value})
    assert (done.stdout, done.returncode) == ("", 2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert variable in done.stderr or value in done.stderr


def test_doctor_tells_what_is_missing_and_never_a_secret(run: Run) -> None:
    nothing = run("doctor")
    assert nothing.returncode == 1
    assert "NANONETS_API_KEY is not set" in nothing.stdout
    sandbox = run("doctor", "--sandbox")
    assert sandbox.returncode == 0, sandbox.stdout
    secret = "a-very-secret-key-0123"
    unreachable = run(
        "doctor", NANONETS_API_KEY=secret, NANONETS_BASE_URL="http://127.0.0.1:9", DOCREVIEW_TIMEOUT="5"
    )
    assert unreachable.returncode == 1
    assert "could not connect to 127.0.0.1" in unreachable.stdout
    assert secret not in unreachable.stdout + unreachable.stderr
    assert "recorded in memory" in sandbox.stdout
    half = run("doctor", STUDIO_EMAIL="a@b.c")
    assert "STUDIO_EMAIL is set without STUDIO_PASSWORD" in half.stdout
    faults = [line for line in half.stdout.splitlines() if line.startswith("fault")]
    assert [line.split()[1] for line in faults] == ["Studio:"]


def test_doctor_notes_settings_that_do_nothing(run: Run) -> None:
    misspelt = run("doctor", "--sandbox", DOCREVIEW_TOOLSET="studio-hitl", DOCREVIEW_TIMEOUT="5")
    assert misspelt.returncode == 0
    assert (
        "DOCREVIEW_TOOLSET: is not a setting and has no effect; did you mean DOCREVIEW_TOOLSETS?"
        in misspelt.stdout
    )
    assert "DOCREVIEW_TIMEOUT" not in misspelt.stdout
    empty = run("doctor", "--sandbox", "--read-only", "--tools", "nanonets_update_field")
    assert "no tool is listed with these settings" in empty.stdout


def test_the_doctor_tells_of_a_journal_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for journal, status, said in (
        (f"sqlite:///{tmp_path}/file/journal.sqlite", 1, "fault journal:"),
        ("postgresql://nobody:hidden-password@127.0.0.1:9/none", 1, "fault journal:"),
        (f"sqlite:///{tmp_path}/new/journal.sqlite", 0, "ok    journal: writes are recorded"),
        ("none", 0, "note  journal: not kept"),
    ):
        done = run("doctor", "--sandbox", DOCREVIEW_JOURNAL=journal)
        assert done.returncode == status, done.stdout
        assert said in done.stdout
        assert "hidden-password" not in done.stdout
        assert "confirmation: a person confirms destructive calls" in done.stdout
    assert not (tmp_path / "new").exists()


def test_the_sandbox_listens_says_how_to_use_it_and_stops(run: Run) -> None:
    with subprocess.Popen([*COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(4)]
            address = lines[0].split(" listens on ")[1].split(". ")[0]
            assert f"NANONETS_BASE_URL={address}/nanonets" in "".join(lines)
            account = {"NANONETS_API_KEY": "anything", "NANONETS_BASE_URL": f"{address}/nanonets"}
            done = run("call", "nanonets_list_workflows", **account)
            about = httpx2.get(address, trust_env=False).json()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
        finally:
            process.kill()
    assert done.returncode == 0, done.stderr
    assert about["operations"] == len(load_operations())
