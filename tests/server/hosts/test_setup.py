"""`docreview-mcp setup`: nine hosts, whatever their file holds; nothing is lost, no secret gets in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Run
from docreview_mcp.server.host_names import HOST_NAMES
from docreview_mcp.server.hosts.configuration import Change, write
from docreview_mcp.server.hosts.edit import BrokenFile, Edit
from docreview_mcp.server.hosts.hosts import HOSTS
from docreview_mcp.server.hosts.json_text import edit_json, read_json
from docreview_mcp.server.hosts.machine import Machine, Platform
from host_files import entry_of, file_of, said
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters

KEY = "nanonets-key-of-somebody-0123456789"

EXISTING = {
    "json": (
        '// mine\n{\r\n\t"theme": "dark", // as at night\r\n\t"%s": {\r\n\t\t/* another one */\r\n'
        '\t\t"other": {"command": "x", "env": {"API_KEY": "s3cret"}}, // with a comma\r\n\t},\r\n}\r\n'
    ),
    "toml": (
        'model = "a" # the best\n\n[%s.other]\ncommand = "x"  # another one\n\n'
        '[%s.other.env]\nAPI_KEY = "s3cret"\n'
        "\n[last]\nkey = 1\n"
    ),
    "yaml": (
        "# mine\nGOOSE_MODEL: a # the best\n%s:\n  # another one\n  other:\n    cmd: x\n    envs:\n"
        "      API_KEY: s3cret\n    bundled: null\n\nlast: [1,  2]\n"
    ),
}
BROKEN = {"json": '{"mcpServers": {"other": 1,, }', "toml": "[mcp_servers\n", "yaml": "a: [1, 2\nb: }\n"}


def existing(name: str) -> str:
    host = HOSTS[name]
    return EXISTING[host.format].replace("%s", host.path[0])


@pytest.mark.parametrize("name", HOST_NAMES)
def test_a_host_without_a_file_gets_one(setup: Run, name: str) -> None:
    shown = setup(name, NANONETS_API_KEY=KEY)
    assert shown.returncode == 0
    assert not file_of(name).exists()
    done = setup(name, "--write", NANONETS_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    text = file_of(name).read_text(encoding="utf-8")
    assert said(name, text) == said(name, shown.stdout)
    assert Path(entry_of(name, text)[HOSTS[name].command_key]).is_absolute()
    assert KEY not in text + shown.stdout + shown.stderr + done.stdout + done.stderr


def test_a_change_is_shown_without_passwords_in_urls(setup: Run) -> None:
    file = file_of("cursor")
    file.parent.mkdir(parents=True, exist_ok=True)
    urls = {
        "DOCREVIEW_JOURNAL": "postgresql://ada:s3cret@db/journal",
        "OTHER": "redis://:s3cret@[::1]:6379/0",
    }
    file.write_text(json.dumps({"mcpServers": {"docreview": {"command": "old", "env": urls}}}, indent=1))
    done = setup("cursor", "--write")
    assert done.returncode == 0, done.stderr
    assert "@db/journal" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", HOST_NAMES)
def test_everything_in_a_file_stays_and_the_backup_undoes_the_change(setup: Run, name: str) -> None:
    file, before = file_of(name), existing(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before.encode())
    file.chmod(0o640)
    done = setup(name, "--write", "--read-only", NANONETS_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    after = file.read_bytes().decode()
    entry = entry_of(name, after)
    assert entry[HOSTS[name].environment_key]["DOCREVIEW_READ_ONLY"] == "1"
    rest = said(name, after)
    del rest[HOSTS[name].path[0]]["docreview"]
    rest.pop("inputs", None)
    assert rest == said(name, before)
    left = iter(after.splitlines())
    for line in before.splitlines():
        assert any(line in other for other in left), f"{line} is lost, or stands elsewhere"
    assert ("\r\n" in after) == ("\r\n" in before)
    assert after.count("\n") - after.count("\r\n") in (after.count("\n"), 1)
    assert "s3cret" not in done.stdout + done.stderr
    assert KEY not in after + done.stdout + done.stderr
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o640
    assert setup(name, "--write", "--read-only", NANONETS_API_KEY=KEY).stdout.endswith(
        "nothing was written.\n"
    )
    assert setup(name, "--undo").returncode == 0
    assert file.read_bytes().decode() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", HOST_NAMES)
def test_a_broken_file_is_left_alone_and_the_entry_is_shown(setup: Run, name: str) -> None:
    file, before = file_of(name), BROKEN[HOSTS[name].format]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(before)
    done = setup(name, "--write", "--sandbox")
    assert done.returncode == 1
    assert "is broken: " in done.stderr
    assert "line " in done.stderr
    assert "Nothing was written" in done.stderr
    assert entry_of(name, done.stdout)
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", HOST_NAMES)
def test_a_second_setup_changes_only_what_differs(setup: Run, name: str) -> None:
    host, file = HOSTS[name], file_of(name)
    setup(name, "--write", "--sandbox", "--toolsets", "review")
    done = setup(name, "--write", DOCREVIEW_CONFIRM="writes", STUDIO_TOKEN=KEY)
    assert done.returncode == 0, done.stderr
    entry = entry_of(name, file.read_text(encoding="utf-8"))
    environment = entry[host.environment_key]
    assert environment["DOCREVIEW_CONFIRM"] == "writes"
    assert not environment.keys() & {"DOCREVIEW_SANDBOX", "DOCREVIEW_TOOLSETS"}
    assert KEY not in file.read_text(encoding="utf-8")
    if host.names_key:
        assert entry[host.names_key] == ["STUDIO_TOKEN"]


def test_what_the_user_put_into_the_entry_stays(setup: Run) -> None:
    file = file_of("cursor")
    file.parent.mkdir()
    own = {"command": "old", "disabled": True, "env": {"NANONETS_API_KEY": KEY, "HTTPS_PROXY": "http://p"}}
    file.write_text(json.dumps({"mcpServers": {"docreview": own}}))
    done = setup("cursor", "--write")
    entry = entry_of("cursor", file.read_text())
    assert entry["disabled"] is True
    assert entry["env"]["NANONETS_API_KEY"] == KEY
    assert entry["env"]["HTTPS_PROXY"] == "http://p"
    assert entry["command"] != "old"
    assert KEY not in done.stdout


def test_secrets_go_into_the_file_only_when_asked(setup: Run) -> None:
    done = setup("claude-desktop", "--write", "--with-secrets", NANONETS_API_KEY=KEY)
    assert entry_of("claude-desktop", file_of("claude-desktop").read_text())["env"] == {
        "NANONETS_API_KEY": KEY
    }
    assert KEY not in done.stdout + done.stderr
    if sys.platform != "win32":
        assert file_of("claude-desktop").stat().st_mode & 0o077 == 0


def test_a_journal_with_a_password_is_a_secret(setup: Run) -> None:
    url = "postgresql://me:pass-word-9@db/journal"
    shown = setup("cursor", NANONETS_API_KEY=KEY, DOCREVIEW_JOURNAL=url)
    assert "pass-word-9" not in shown.stdout
    assert entry_of("cursor", shown.stdout)["env"]["DOCREVIEW_JOURNAL"] == "${env:DOCREVIEW_JOURNAL}"


def test_a_comment_in_the_entry_is_not_lost(setup: Run) -> None:
    file = file_of("zed")
    file.parent.mkdir(parents=True)
    before = '{"context_servers": {"docreview": {\n  // keep me\n  "command": "old"\n}}}'
    file.write_text(before)
    done = setup("zed", "--write")
    assert done.returncode == 1
    assert "a comment would be lost: // keep me" in done.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    "text",
    [
        "extensions: {}\n",
        "extensions:\n",
        "a: 1",
        "extensions:\n  docreview:\n    cmd: old\n  z:\n    cmd: x\n",
    ],
)
def test_goose_files_of_other_forms(setup: Run, text: str) -> None:
    file = file_of("goose")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert setup("goose", "--write", "--sandbox").returncode == 0
    found = yaml.safe_load(file.read_text())
    assert found["extensions"]["docreview"]["envs"] == {"DOCREVIEW_SANDBOX": "1"}
    assert found.get("a") == yaml.safe_load(text).get("a")


@pytest.mark.parametrize("text", ["{extensions: {other: {cmd: x}}}\n", "extensions: {other: {cmd: x}}\n"])
def test_a_goose_file_that_cannot_be_kept_is_left_to_the_user(setup: Run, text: str) -> None:
    file = file_of("goose")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = setup("goose", "--write")
    assert done.returncode == 1
    assert "has to be edited by hand" in done.stderr
    assert file.read_text() == text


def test_another_file_can_be_named(setup: Run, tmp_path: Path) -> None:
    file = tmp_path / "project" / ".mcp.json"
    assert setup("claude-code", "--write", "--file", str(file), "--sandbox").returncode == 0
    assert entry_of("claude-code", file.read_text())["type"] == "stdio"
    assert not file_of("claude-code").exists()


def test_the_cost_names_list_tokens_and_names(setup: Run) -> None:
    for name, shown in (("cursor", "list: core; Cursor allows at most 40 tools"), ("codex", "list: full; ")):
        told = setup(name, "--sandbox").stderr
        assert shown in told
        assert "tokens" in told
        assert "allowed characters" in told
    assert "choose --surface auto or core" in setup("cursor", "--sandbox", "--surface", "full").stderr


def test_doctor_checks_what_was_written(setup: Run, run: Run) -> None:
    setup("vscode", "--write", "--sandbox")
    assert f"ok    VS Code: {file_of('vscode')} starts " in run("doctor", "--sandbox").stdout
    file = file_of("cursor")
    file.parent.mkdir()
    file.write_text(json.dumps({"mcpServers": {"docreview": {"command": "/nowhere/docreview-mcp"}}}))
    file_of("goose").parent.mkdir(parents=True)
    file_of("goose").write_text("docreview: [")
    setup("claude-code", "--write", "--with-secrets", NANONETS_API_KEY=KEY)
    found = run("doctor", "--sandbox")
    assert found.returncode == 1
    assert (
        "the program /nowhere/docreview-mcp does not exist; to fix it, run docreview-mcp setup cursor"
        in found.stdout
    )
    assert "is broken, so Goose starts no server from it: line 1" in found.stdout
    assert "contains NANONETS_API_KEY in plain text" in found.stdout
    assert KEY not in found.stdout


@pytest.mark.slow
async def test_the_server_starts_as_the_file_says(setup: Run) -> None:
    setup("claude-desktop", "--write", "--sandbox", "--toolsets", "review")
    entry = entry_of("claude-desktop", file_of("claude-desktop").read_text())
    async with Client(StdioServerParameters(**entry)) as client:
        assert len((await client.list_tools()).tools) == 15


PLACES = """
linux   claude-desktop /h/.config/Claude/claude_desktop_config.json
macos   claude-desktop /h/Library/Application Support/Claude/claude_desktop_config.json
windows claude-desktop /h/AppData/Roaming/Claude/claude_desktop_config.json
linux   vscode         /h/.config/Code/User/mcp.json
macos   vscode         /h/Library/Application Support/Code/User/mcp.json
windows vscode         /h/AppData/Roaming/Code/User/mcp.json
linux   zed            /h/.config/zed/settings.json
macos   zed            /h/.config/zed/settings.json
windows zed            /h/AppData/Roaming/Zed/settings.json
linux   goose          /h/.config/goose/config.yaml
macos   goose          /h/.config/goose/config.yaml
windows goose          /h/AppData/Roaming/Block/goose/config/config.yaml
windows claude-code    /h/.claude.json
windows codex          /h/.codex/config.toml
macos   cursor         /h/.cursor/mcp.json
macos   gemini-cli     /h/.gemini/settings.json
windows windsurf       /h/.codeium/windsurf/mcp_config.json
"""


@pytest.mark.parametrize("row", PLACES.strip().splitlines())
def test_where_the_files_are(row: str) -> None:
    platform, name, place = row.split(maxsplit=2)
    names: dict[str, Platform] = {"linux": "linux", "macos": "macos", "windows": "windows"}
    machine = Machine(names[platform], Path("/h"), {}, Path(sys.executable))
    assert HOSTS[name].file(machine) == Path(place)


def test_the_packaged_claude_desktop_of_windows_reads_its_own_folder(tmp_path: Path) -> None:
    package = tmp_path / "AppData" / "Local" / "Packages" / "Claude_abc" / "LocalCache" / "Roaming"
    package.mkdir(parents=True)
    machine = Machine("windows", tmp_path, {}, Path(sys.executable))
    assert HOSTS["claude-desktop"].file(machine) == package / "Claude" / "claude_desktop_config.json"


def test_the_names_of_the_command_line_are_those_of_the_table() -> None:
    assert tuple(HOSTS) == HOST_NAMES


@pytest.mark.parametrize(
    ("python", "command", "with_extras"),
    [
        (
            "/u/.cache/uv/archive-v0/abc/bin/python",
            ["docreview-mcp"],
            ["--from", "docreview-mcp[checks,tables]", "docreview-mcp"],
        ),
        (
            "/u/.local/pipx/.cache/abc/bin/python",
            ["run", "docreview-mcp"],
            ["run", "--spec", "docreview-mcp[checks,tables]", "docreview-mcp"],
        ),
        ("/somewhere/bin/python", ["-m", "docreview_mcp.server"], ["-m", "docreview_mcp.server"]),
    ],
)
def test_the_command_fits_the_way_of_installing(
    python: str, command: list[str], with_extras: list[str]
) -> None:
    program, arguments = Machine("linux", Path("/u"), {}, Path(python)).command()
    assert arguments == command
    assert Path(program).stem in ("uvx", "pipx", "python")
    extras = ("checks", "tables")
    assert Machine("linux", Path("/u"), {}, Path(python), extras).command() == (program, with_extras)


def test_pipx_run_is_known_by_what_it_keeps_where_its_folder_has_another_name(tmp_path: Path) -> None:
    environment = tmp_path / "programs" / ".cache" / "abc"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "docreview-mcp").touch()
    python = environment / "bin" / "python"
    assert Path(Machine("linux", tmp_path, {}, python).command()[0]).stem == "docreview-mcp"
    (environment / "pipx_metadata.json").touch()
    assert Machine("linux", tmp_path, {}, python).command()[1] == ["run", "docreview-mcp"]


def test_the_extras_of_an_entry_are_those_that_are_installed() -> None:
    assert {"checks", "tables", "postgresql"} <= set(Machine.this().extras)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.none() | st.booleans() | st.integers(-99, 99) | TEXTS
INNER = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(TEXTS, PLAIN, max_size=3)
VALUES = INNER | st.lists(INNER, max_size=2) | st.dictionaries(TEXTS, INNER, max_size=2)


@given(
    there=st.dictionaries(TEXTS, VALUES, max_size=4),
    servers=st.none() | st.dictionaries(TEXTS, VALUES, max_size=3),
    indent=st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    comma=st.booleans(),
    comment=st.sampled_from(["", " // a } in it\n", "/* [ */"]),
)
def test_any_json_file_keeps_what_it_says(
    there: dict[str, Any], servers: dict[str, Any] | None, indent: Any, comma: bool, comment: str
) -> None:
    held = there if servers is None else {**there, "mcpServers": servers}
    text = json.dumps(held, indent=indent, ensure_ascii=False)
    text = f"{text[:-1].rstrip()}{',' if comma and held else ''}{comment}}}"
    entry = {"command": "x", "args": [], "env": {"A": "ä"}}
    after = edit_json(text, [Edit(("mcpServers", "docreview"), entry)])
    assert read_json(after) == {**held, "mcpServers": {**(servers or {}), "docreview": entry}}
    assert comment.strip() in after


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_file_that_is_a_link_stays_one(setup: Run, tmp_path: Path) -> None:
    own, file = tmp_path / "dotfiles" / "mcp.json", file_of("cursor")
    own.parent.mkdir()
    file.parent.mkdir()
    own.write_text("{}")
    file.symlink_to(own)
    assert setup("cursor", "--write", "--sandbox").returncode == 0
    assert file.is_symlink()
    assert entry_of("cursor", own.read_text())
    assert setup("cursor", "--undo").returncode == 0
    assert (file.is_symlink(), own.read_text()) == (True, "{}")


def test_a_file_that_its_host_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"newer": 1}')
    with pytest.raises(BrokenFile, match="changed in the meantime"):
        write(Change(file, "{}", '{"mcpServers": {}}'))
    assert file.read_text() == '{"newer": 1}'
    assert list(tmp_path.iterdir()) == [file]


def test_undo_without_a_backup_says_so(setup: Run) -> None:
    done = setup("cursor", "--undo")
    assert done.returncode == 1
    assert "there is no backup" in done.stderr
