"""A terminal as an SVG: text stays text, so a picture is small and the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.style import Style
from rich.text import Text

__all__ = ["COLUMNS", "Line", "Part", "Picture", "lines_of", "render_recording", "render_terminal"]

COLUMNS = 96

_SIZE, _WIDTH, _HEIGHT = 13, 7.8, 19
_EDGE, _TOP = 16, 46
_INK, _DIM, _GROUND, _BAR, _RIM = "#e6edf3", "#9198a1", "#0d1117", "#151b23", "#3d444d"
_COLOURS = (_DIM, "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", _INK)
"""The first eight colours of a terminal. A dark window of its own reads well on light and dark pages."""

Line = tuple[tuple[str, Style], ...]
"""The runs of text of one line, each with its style."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What stands around a screen: the `title` in its bar, and what is `told` to who cannot see it."""

    title: str
    told: str


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that appear together, and how many seconds it takes until more happens."""

    lines: Sequence[Line]
    seconds: float


def lines_of(output: str, columns: int = COLUMNS) -> list[Line]:
    """The lines of what a program wrote, with the colours that it asked for, wrapped at words."""
    console = Console(width=columns, color_system="truecolor", force_terminal=True, legacy_windows=False)
    wrapped: list[Line] = []
    for text in AnsiDecoder().decode(output.rstrip("\n")):
        for part in _wrapped(text, console, columns):
            runs = ((run.text, run.style or Style.null()) for run in part.render(console))
            wrapped.append(tuple(run for run in runs if run[0] != "\n"))
    return wrapped


def _wrapped(text: Text, console: Console, columns: int) -> Iterable[Text]:
    if text.cell_len <= columns:
        return [text]
    indent = len(text.plain) - len(text.plain.lstrip())
    whole = text[indent:]
    parts = whole.wrap(console, columns - indent - 2)
    return [Text(" " * (indent if not number else indent + 2)) + part for number, part in enumerate(parts)]


def render_terminal(lines: Sequence[Line], picture: Picture, columns: int = COLUMNS) -> str:
    """The picture of one screen."""
    return _window([_screen(lines)], picture, len(lines), columns, "")


def render_recording(
    screens: Sequence[Sequence[Part]], picture: Picture, still: int, columns: int = COLUMNS
) -> str:
    """The screens one after the other, again and again, each growing by its parts.

    Who wants no motion sees the screen number `still` alone, whole.
    """
    whole = sum(part.seconds for screen in screens for part in screen)
    rules = [f".p{{visibility:hidden;animation:{whole:g}s step-end infinite}}"]
    drawn: list[str] = []
    begin = 0.0
    for number, screen in enumerate(screens):
        end = begin + sum(part.seconds for part in screen)
        row = 0
        for part in screen:
            name = f"k{len(drawn)}"
            moments = (
                {begin: "visible", end: "hidden"}
                if not begin
                else {0.0: "hidden", begin: "visible", end: "hidden"}
            )
            steps = "".join(f"{100 * at / whole:.4g}%{{visibility:{seen}}}" for at, seen in moments.items())
            rules.append(f"@keyframes {name}{{{steps}}}")
            drawn.append(
                f'<g class="p s{number}" style="animation-name:{name}">\n{_screen(part.lines, row)}</g>\n'
            )
            row += len(part.lines)
            begin += part.seconds
        begin = end
    rules.append(
        f"@media (prefers-reduced-motion:reduce){{.p{{animation:none}}.s{still}{{visibility:visible}}}}"
    )
    rows = max(sum(len(part.lines) for part in screen) for screen in screens)
    return _window(drawn, picture, rows, columns, "".join(rules))


def _screen(lines: Sequence[Line], row: int = 0) -> str:
    return "".join(_line(line, _TOP + _SIZE + (row + number) * _HEIGHT) for number, line in enumerate(lines))


def _line(line: Line, y: int) -> str:
    runs: list[str] = []
    column = 0
    for text, style in line:
        shown = text.strip(" ")
        if shown:
            x = _EDGE + (column + len(text) - len(text.lstrip(" "))) * _WIDTH
            # The length is given, as not every machine has a font of just this width.
            place = f'x="{x:.1f}" y="{y}" textLength="{len(shown) * _WIDTH:.1f}"'
            runs.append(f"<text {place}{_marks(style)}>{escape(shown)}</text>")
        column += len(text)
    return "".join(runs) + "\n" if runs else ""


def _marks(style: Style) -> str:
    number = style.color.number if style.color is not None else None
    colour = _COLOURS[number % 8] if number is not None and number < 16 else _DIM if style.dim else ""
    return (f' fill="{colour}"' if colour else "") + (' font-weight="bold"' if style.bold else "")


def _window(screens: Sequence[str], picture: Picture, rows: int, columns: int, rules: str) -> str:
    width, height = round(2 * _EDGE + columns * _WIDTH), _TOP + rows * _HEIGHT + _EDGE
    dots = "".join(
        f'<circle cx="{22 + number * 18}" cy="16" r="5.5" fill="{fill}"/>'
        for number, fill in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    font = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    bar = f"M1 32V8.5a7.5 7.5 0 0 1 7.5-7.5h{width - 17}a7.5 7.5 0 0 1 7.5 7.5V32z"
    frame = f'x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8" fill="{_GROUND}" stroke="{_RIM}"'
    title = f'x="{width / 2:g}" y="21" text-anchor="middle" fill="{_DIM}"'
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d" fill="{_INK}">',
        f'<title id="t">{escape(picture.title)}</title>',
        f'<desc id="d">{escape(picture.told)}</desc>',
        f"<style>text{{font-family:{font};font-size:{_SIZE}px;white-space:pre}}{rules}</style>",
        f"<rect {frame}/>",
        f'<path d="{bar}" fill="{_BAR}"/>',
        dots,
        f"<text {title}>{escape(picture.title)}</text>",
        f"{''.join(screens)}</svg>",
    )
    return "\n".join(lines) + "\n"
