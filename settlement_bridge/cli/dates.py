"""Days as options."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_YEARS = range(1900, 3000)


def _as_date(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    if value and value.year not in _YEARS:
        raise click.BadParameter(f"{value.date()} is no day of a settlement: the Report API begins in May 2020")
    return value.date() if value else None


def day_option(name: str, help_text: str, *, required: bool = False) -> Callable[..., Any]:
    """Return an option that takes a day such as 2026-07-01; `--from` becomes the parameter `first`, `--to` `last`."""
    parameter = {"--from": "first", "--to": "last"}[name]
    return click.option(name, parameter, metavar="DAY", type=_DAY, callback=_as_date, required=required, help=help_text)


def refuse_backwards(first: date | None, last: date | None) -> None:
    """Raise UsageError where a period ends before it begins."""
    if first and last and last < first:
        raise click.UsageError(f"--to {last} comes before --from {first}")
