"""Tables and trees for people, by rich: in colour on a terminal only, never cut, never wrapped in a pipe."""

import sys
from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from settlement_bridge.cli.output import printable
from settlement_bridge.money import decimal_text

_ENDLESS = 100_000
"""Columns of a pipe or a file: there is no edge to wrap at."""


def show(renderable: RenderableType) -> None:
    """Print on stdout."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _ENDLESS
    elif isinstance(renderable, Table):  # figures torn apart cannot be read; a terminal wraps a line by itself
        roomy = console.options.update(width=_ENDLESS)
        console.width = max(console.width, console.measure(renderable, options=roomy).minimum)
    console.print(renderable)


def table(*columns: str, right: Iterable[str] = (), title: str | None = None) -> Table:
    """Return an empty table; the columns named in `right` hold numbers. What does not fit is folded, never left out."""
    made = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title=title, title_justify="left", title_style="bold"
    )
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def cell(value: object, style: str = "") -> Text:
    """Return a value as a cell; None is an empty one."""
    return Text("" if value is None else printable(str(value)), style)


def amount(minor_units: int | None) -> Text:
    """Return an amount as a cell, red below zero; None is an empty one."""
    if minor_units is None:
        return Text()
    return Text(decimal_text(minor_units), "red" if minor_units < 0 else "", no_wrap=True)
