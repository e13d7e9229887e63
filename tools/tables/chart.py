"""A table of counts or sums as bars in a picture."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..hidden_characters import without_hidden
from ..json_text import shortened
from ..results.images import Picture, picture_of

__all__ = ["ChartPanel", "bars"]

_MAX_BARS = 25
_MAX_LABEL = 40


@dataclass(frozen=True, slots=True)
class ChartPanel:
    """Bars with a scale of their own: for each of `names` one bar of each series."""

    title: str
    names: Sequence[str]
    series: Sequence[tuple[str, Sequence[float]]]


def bars(panels: Sequence[ChartPanel]) -> Picture:
    """The panels below each other, as PNG. Bars beyond the first ones of a panel are left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts = [min(len(panel.names), _MAX_BARS) for panel in panels]
    figure: Any = Figure(
        figsize=(9, sum(1.2 + 0.34 * count for count in counts)), dpi=100, layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[count + 2 for count in counts])
    for axis, panel, count in zip(axes[:, 0], panels, counts, strict=True):
        height = 0.8 / max(1, len(panel.series))
        for number, (name, values) in enumerate(panel.series):
            offsets = [each + (number - (len(panel.series) - 1) / 2) * height for each in range(count)]
            label = _label(name)
            drawn = axis.barh(offsets, [float(value) for value in values[:count]], height, label=label)
            axis.bar_label(drawn, padding=3, fontsize=8, fmt="{:,.10g}")
        axis.set_yticks(range(count), [_label(name) for name in panel.names[:count]])
        axis.invert_yaxis()
        axis.margins(x=0.12)
        axis.set_title(_label(panel.title), fontsize=10)
        texts = [axis.title, *axis.get_yticklabels()]
        if len(panel.series) > 1:
            texts += axis.legend(fontsize=8).get_texts()
        for text in texts:
            # Texts come from documents: a dollar sign in them begins no formula.
            text.set_parse_math(False)
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, which is no reason to say anything.
        warnings.simplefilter("ignore")
        figure.savefig(stream, format="png")
    return picture_of(stream.getvalue(), "image/png")


def _label(text: str) -> str:
    shown, _ = without_hidden(text)
    # Matplotlib keeps what begins with an underscore out of the legend.
    return shortened(" ".join(shown.split()), _MAX_LABEL).lstrip("_") or "(blank)"
