"""Blocks of code in the documents: each command is run on the sandbox, compared, or listed with a reason."""

from __future__ import annotations

import ast
import csv
import json
import re
import shlex
import sys
import tomllib
from collections import Counter
from typing import Any, cast

import pytest
from docreview_mcp.server.command_line import command_line, main
from docreview_mcp.server.http.settings import HttpSettings
from docreview_mcp.server.settings.texts import variables_of
from docreview_mcp.tools import load_tools
from documents import PAGES, ROOT, Block, blocks_of

with (ROOT / "tests" / "data" / "code_not_run.csv").open(encoding="utf-8", newline="") as file:
    NOT_RUN = list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TOOLS = {tool.name: tool for tool in load_tools()}
VARIABLES = {*variables_of().values(), *variables_of(HttpSettings).values()}
RECORDED = ("docs/reference/", "docs/recipes/")
"""Pages that scripts/documentation records; a slow test compares them."""


def is_listed(block: Block, line: str) -> bool:
    return any(row["document"] == block.page and line.startswith(row["begins"]) for row in NOT_RUN)


def words_of(line: str) -> list[str]:
    """A command of ours as its words, without where it is installed."""
    unwrapped = re.sub(r'^eval "\$\((.*)\)"$', r"\1", line)
    words = shlex.split(re.sub(r"^\.venv/bin/", "", unwrapped))
    return words[1:] if words and words[0] == "docreview-mcp" else []


def is_runnable(line: str) -> bool:
    """Whether a command ends by itself, on sample data, and changes nothing on this machine."""
    words = words_of(line)
    if not words or words[0] == "completion":
        return bool(words)
    return words[0] in ("call", "tools", "setup") and "--sandbox" in words


RUNNABLE = [
    (block.page, line)
    for block in BLOCKS
    if not block.language
    for line in block.commands
    if is_runnable(line)
]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "line"), RUNNABLE)
def test_a_command_with_sample_data_works(
    page: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["docreview-mcp", *words_of(line)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert not ended.value.code, told.err
    assert told.out


def fault_of_command(line: str) -> str | None:
    """What is wrong with a command that cannot be run here; None if it could be called so."""
    words = words_of(line)
    if line.startswith("make "):
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return None if line.split()[1] in targets else "there is no such target in the Makefile"
    if line.startswith("export ") or re.match(r"[A-Z_]+=", line):
        names = re.findall(r"(?:^|\s)([A-Z_]+)=", line)
        unknown = [name for name in names if name not in VARIABLES]
        return f"no settings: {unknown}" if unknown else None
    if not words:
        return "neither run nor compared; list it in tests/data/code_not_run.csv with a reason"
    command = command_line.commands[words[0]]
    command.make_context(words[0], list(words[1:]), resilient_parsing=False)
    if words[0] == "call":
        given = json.loads(words[2])
        unknown = set(given) - set(cast("dict[str, Any]", TOOLS[words[1]].input_schema["properties"]))
        return f"{words[1]} has no arguments {unknown}" if unknown else None
    return None


def fault_of_block(block: Block) -> str | None:
    """What is wrong with a block of data or code; None if it can be read."""
    readers: dict[str, Any] = {"json": json.loads, "toml": tomllib.loads, "python": parsed}
    if block.language not in readers:
        return "neither run nor compared; list it in tests/data/code_not_run.csv with a reason"
    try:
        readers[block.language](block.code)
    except (ValueError, SyntaxError) as error:
        return str(error)
    return None


def parsed(code: str) -> ast.Module:
    """Python as in a notebook: `await` is allowed outside of a function."""
    compile(code, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return ast.parse(code)


def test_every_block_is_run_compared_recorded_or_listed(record_property: Any) -> None:
    counts: Counter[str] = Counter()
    faults: list[str] = []
    for block in BLOCKS:
        if block.page.startswith(RECORDED):
            counts["recorded"] += 1
            continue
        lines = [block.code] if block.language else block.commands
        for line in lines:
            if is_listed(block, line):
                counts["listed"] += 1
            elif not block.language and is_runnable(line):
                counts["run"] += 1
            else:
                fault = fault_of_block(block) if block.language else fault_of_command(line)
                counts["compared"] += 1
                faults += [f"{block.page}: {line}: {fault}"] if fault else []
    print(f"{len(BLOCKS)} blocks of code: {dict(counts)}")  # noqa: T201
    record_property("code_blocks", dict(counts))
    assert faults == []
    assert counts["run"]


def test_no_reason_is_left_over() -> None:
    for row in NOT_RUN:
        found = [
            line
            for block in BLOCKS
            if block.page == row["document"]
            for line in ([block.code] if block.language else block.commands)
        ]
        assert row["reason"]
        assert any(line.startswith(row["begins"]) for line in found), f"no block begins so: {row['begins']}"
