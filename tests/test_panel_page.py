"""The review panel's page: that it comes from its sources, and its tests in a browser."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PANEL = ROOT / "panel"
PAGE = ROOT / "server" / "panel" / "review.html"
CONFIGURATION = (
    ".npmrc",
    "index.html",
    "package-lock.json",
    "package.json",
    "smaller.mjs",
    "sources.mjs",
    "tsconfig.json",
    "vite.config.mjs",
)
FILES = ("file", "real_server")
NAMES = "^(the page (is|refers|carries)|properties|a build|an invoice is|a whole review in the browser)"
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def test_page_comes_from_its_sources() -> None:
    names = [
        *CONFIGURATION,
        *(str(path.relative_to(PANEL)) for path in (PANEL / "src").rglob("*") if path.is_file()),
    ]
    digest = hashlib.sha256()
    for name in sorted(name.replace("\\", "/") for name in names):
        digest.update(f"{name}\0".encode() + (PANEL / name).read_bytes() + b"\0")
    carried = re.search(r'name="docreview-sources" content="sha256:([0-9a-f]{64})"', PAGE.read_text("utf-8"))
    assert carried is not None
    assert carried[1] == digest.hexdigest(), "run make panel and commit server/panel/review.html"


def test_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (PANEL / "package-lock.json").read_text("utf-8")


@pytest.mark.slow
def test_page_in_a_browser() -> None:
    """The page is built again byte by byte, and used in Chromium; all its tests are in `make panel-test`."""
    missing = [
        what
        for what, there in (
            ("Node", shutil.which("node") is not None),
            ("panel/node_modules (npm ci in panel/)", (PANEL / "node_modules").is_dir()),
            ("Chromium (Debian's package chromium)", any(Path(path).exists() for path in BROWSERS)),
        )
        if not there
    ]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    files = (f"test/{each}.test.mjs" for each in FILES)
    command = ["node", "--test", "--test-reporter=spec", "--test-name-pattern", NAMES, *files]
    done = subprocess.run(command, cwd=PANEL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
