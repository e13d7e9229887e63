"""`docreview-mcp setup` on odd files: a valid one keeps its form, one that cannot be kept is left alone."""

from __future__ import annotations

import json

import pytest
from conftest import Run
from docreview_mcp.server.host_names import HOST_NAMES
from docreview_mcp.server.hosts.hosts import HOSTS
from host_files import entry_of, file_of, said


def kept(setup: Run, name: str, before: bytes) -> bytes:
    """The file after `setup --write`, in which everything is still there, and which `--undo` brings back."""
    file = file_of(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before)
    done = setup(name, "--write", "--sandbox")
    assert done.returncode == 0, done.stderr
    after = file.read_bytes()
    assert setup(name, "--undo").returncode == 0
    assert file.read_bytes() == before
    return after


ODD: dict[str, dict[str, str]] = {
    "json": {
        "a mark of byte order": '\ufeff{"%s": {"other": {"command": "x"}}}',
        "lines of Windows": '{\r\n  "%s": {\r\n    "other": {"command": "x"}\r\n  }\r\n}\r\n',
        "commas at the end": '{"a": [1, 2,],\n "%s": {\n  "other": {"command": "x",},\n },\n}',
        "only a comment": "// nothing yet\n",
        "a comment in an empty object": '{\n  "%s": {\n    // none yet\n  }\n}\n',
        "what looks like a comment": '{"%s": {"other": {"command": "http://x // y \\" /* z"}}}',
    },
    "toml": {
        "a mark of byte order": '\ufeffmodel = "a"\n',
        "lines of Windows": 'model = "a"\r\n\r\n[%s.other]\r\ncommand = "x"\r\n',
        "an inline table": '%s = { other = { command = "x" } } # mine\n',
        "tables apart": '[%s.a]\ncommand = "a"\n[between]\nk = 1\n[%s.b]\ncommand = "b"\n# end\n',
        "quoted names": '["%s"."other"]\ncommand = "x"\n',
    },
    "yaml": {
        "a mark of byte order": "\ufeffA: 1\n",
        "lines of Windows": "A: 1\r\n%s:\r\n  other:\r\n    cmd: x\r\n",
        "a comment beside nothing": "%s: # none yet\nz: 1\n",
        "null with a comment": "%s: ~  # none yet\nz: 1\n",
        "braces with a comment": "%s: {}  # none yet\nz: 1\n",
        "anchors": "base: &b\n  cmd: x\n%s:\n  other:\n    <<: *b\n",
        "text that looks like lines": "%s:\n  other:\n    about: |\n      # no\n      docreview:\n",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "odd"), [(name, odd) for name in HOST_NAMES for odd in ODD[HOSTS[name].format]]
)
def test_an_odd_file_keeps_its_form_and_everything_in_it(setup: Run, name: str, odd: str) -> None:
    host = HOSTS[name]
    before = ODD[host.format][odd].replace("%s", host.path[0])
    after = kept(setup, name, before.encode()).decode()
    assert entry_of(name, after.removeprefix("\ufeff"))[host.environment_key] == {"DOCREVIEW_SANDBOX": "1"}
    assert after.startswith("\ufeff") == before.startswith("\ufeff")
    if "\r\n" in before:
        assert after.count("\n") == after.count("\r\n")
    for comment in ("# mine", "# none yet", "// none yet", "// nothing yet", "# end"):
        assert after.count(comment) == before.count(comment)
    others = said(name, before.removeprefix("\ufeff")) or {}
    now = said(name, after.removeprefix("\ufeff"))
    del now[host.path[0]]["docreview"]
    assert {key: value or {} for key, value in others.items()} == {
        key: value for key, value in now.items() if value or key in others
    }


@pytest.mark.parametrize("name", HOST_NAMES)
def test_a_remote_server_of_the_same_name_is_left_to_the_user(setup: Run, name: str) -> None:
    host, file = HOSTS[name], file_of(name)
    entry = {"url": "https://docreview.example/mcp"}
    before = {
        "json": json.dumps({host.path[0]: {"docreview": entry}}),
        "toml": f'[{host.path[0]}.docreview]\nurl = "{entry["url"]}"\n',
        "yaml": f"{host.path[0]}:\n  docreview:\n    url: {entry['url']}\n",
    }[host.format]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(before)
    done = setup(name, "--write", "--sandbox")
    assert done.returncode == 1
    assert f"{'.'.join(host.path)} is a remote server (url)" in done.stderr
    assert (file.read_text(), list(file.parent.iterdir())) == (before, [file])


def test_a_file_that_is_read_only_is_left_alone(setup: Run) -> None:
    file = file_of("cursor")
    file.parent.mkdir()
    file.write_text("{}")
    file.chmod(0o444)
    done = setup("cursor", "--write", "--sandbox")
    assert done.returncode == 1
    assert "it is read-only; nothing was written" in done.stderr
    assert (file.read_text(), list(file.parent.iterdir())) == ("{}", [file])
    file.chmod(0o644)


def test_a_file_whose_form_takes_no_entry_is_not_called_broken(setup: Run) -> None:
    file = file_of("goose")
    file.parent.mkdir(parents=True)
    file.write_text("A: 1\n...\n")
    done = setup("goose", "--write", "--sandbox")
    assert done.returncode == 1
    assert "has to be edited by hand: its format cannot be edited in place" in done.stderr
    assert file.read_text() == "A: 1\n...\n"
