"""The programs in `examples/` do what they show, each with the framework that it is about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_model import scripted_model

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FRAMEWORKS = sorted(path.stem for path in (EXAMPLES / "requirements").glob("*.txt"))
ANSWER = "Review invoice-010.pdf next: 1 of its values are doubtful."


def run(python: Path | str, example: str, address: str, home: Path) -> str:
    """What an example prints, with the stand-in for a model at this address."""
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": commands,
        "XDG_DATA_HOME": str(home),
        "OPENAI_API_KEY": "not-needed",
        "OPENAI_BASE_URL": address,
        "NO_PROXY": "127.0.0.1",
        # Neither traces nor price lists are sent for.
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [python, EXAMPLES / f"{example}.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_server_within_a_program_reads_corrects_and_undoes(tmp_path: Path) -> None:
    assert run(sys.executable, "in_memory", "", tmp_path).splitlines() == [
        "invoice-010.pdf: 1 doubtful, po_number first",
        "corrected and verified: 0 doubtful",
        "undone: 2 changes",
    ]


@pytest.mark.parametrize("example", FRAMEWORKS)
def test_an_agent_of_each_framework_calls_the_tools(example: str, tmp_path: Path) -> None:
    environment = ROOT / ".venv-examples" / example
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        pytest.skip(f"{example} has no environment yet: make examples")
    with scripted_model() as address:
        printed = run(python, example, address, tmp_path)
    expected = "Next: purchase-order-001.pdf" if example == "fastmcp_proxy" else ANSWER
    assert expected in printed.splitlines()


def test_the_page_names_every_example() -> None:
    page = (EXAMPLES / "README.md").read_text()
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert {name for name in names if f"[{name}]({name})" in page} == names
    assert {path.stem for path in EXAMPLES.glob("*.py")} - {"in_memory"} == set(FRAMEWORKS)
