"""Style of all figures: fonts, colors, sizes in pixels."""

from __future__ import annotations

import textwrap

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

DOTS_PER_INCH = 110
INK = "#1a1a1a"
QUIET = "#5f6368"
WARNING = "#d6006c"

# Ten colors, found by search: any two of them, and each and white, differ by at least 14 in OKLab (x 100), for
# normal, protan, deutan and tritan vision (Machado et al. 2009).
PALETTE = (
    "#006a76",
    "#f36016",
    "#a010fd",
    "#ded61b",
    "#5d00a9",
    "#a72c0e",
    "#7e9793",
    "#da7aff",
    "#1a1a1a",
    "#1adebc",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")

_HOUSE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": "#e3e5e8",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "figure.dpi": DOTS_PER_INCH,
    "savefig.dpi": DOTS_PER_INCH,
}

# A decorator that isolates figures from the caller's matplotlib settings, and these from the figures.
house_style = style.context(["default", _HOUSE])


def new_figure(width: int, height: int) -> Figure:
    """Empty white figure, independent of pyplot.

    Args:
        width: int, pixels at 110 dots per inch.
        height: int, pixels.

    Returns:
        Figure with an Agg canvas.
    """
    figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def pixels(points: float) -> float:
    """Converts typographic points to pixels."""
    return points * DOTS_PER_INCH / 72


def text_width(text: str, *, points: float, bold: bool = False) -> float:
    """Width of one or several lines of text, in pixels.

    Args:
        text: str, lines split by newlines.
        points: float, font size.
        bold: bool.

    Returns:
        float, pixels of the widest line.
    """
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=points)
    renderer = RendererAgg(1, 1, DOTS_PER_INCH)
    lines = [line for line in text.splitlines() if line.strip()]
    widths = [renderer.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines]
    return max(widths, default=0.0)


def wrapped(text: str, *, width: float, points: float, bold: bool = False) -> str:
    """Wraps text at spaces to fit a width.

    Args:
        text: str; its line breaks are kept.
        width: float, pixels.
        points: float, font size.
        bold: bool.

    Returns:
        str.
    """
    lines = text.splitlines()
    fitted, columns = text, max((len(line) for line in lines), default=0)
    while text_width(fitted, points=points, bold=bold) > width and columns > 8:
        columns -= 1
        fitted = "\n".join(textwrap.fill(line, columns, break_long_words=False) for line in lines)
    return fitted


def heading(figure: Figure, title: str, subtitle: str | None = None) -> float:
    """Writes the title and subtitle at the top left.

    Args:
        figure: Figure.
        title: str.
        subtitle: str or None.

    Returns:
        float, height in pixels of the heading.
    """
    width, height = figure.get_size_inches() * DOTS_PER_INCH
    top = 12.0
    for text, points, bold, color in ((title, 12, True, INK), (subtitle, 9, False, QUIET)):
        if not text:
            continue
        text = wrapped(text, width=width - 28, points=points, bold=bold)
        figure.text(
            14 / width,
            1 - top / height,
            text,
            ha="left",
            va="top",
            fontsize=points,
            fontweight="bold" if bold else "normal",
            color=color,
            linespacing=1.25,
        )
        top += text_height(text, points=points)
    return top + 4


def text_height(text: str, *, points: float) -> float:
    """Height of the lines of a text, in pixels."""
    return pixels(points) * 1.3 * len(text.splitlines()) + 2
