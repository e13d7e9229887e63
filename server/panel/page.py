"""The page of the review panel, read from its file when somebody asks for it first."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["review_html"]


@cache
def review_html() -> str:
    """The page that hosts show for `review_panel`: one HTML file that loads nothing else."""
    return Path(__file__).with_name("review.html").read_text(encoding="utf-8")
