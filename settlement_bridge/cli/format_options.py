"""The options that choose a format, the same for every command that writes a file."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from settlement_bridge.bridge import EXTENSIONS, FormatChoice

_VARIANTS = {"xml_version": ("xml", "3.0"), "csv_layout": ("csv", "sections")}
"""By parameter: the format that has these variants, and the one taken where nothing is said."""


def format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --format, --xml-version and --csv-layout, as the parameter `choice`."""

    @click.option(
        "--format",
        "extension",
        type=click.Choice(EXTENSIONS),
        default="xml",
        show_default=True,
        help="Format of the file; docs/formats.md says what each is for.",
    )
    @click.option("--xml-version", type=click.Choice(("3.0", "2.0")), help="Version of xml; 3.0 where left out.")
    @click.option(
        "--csv-layout", type=click.Choice(("sections", "table")), help="Layout of csv; sections where left out."
    )
    @wraps(command)
    def with_choice(*args: Any, extension: str, **options: Any) -> Any:
        chosen = {name: _variant(extension, name, options.pop(name)) for name in _VARIANTS}
        return command(*args, choice=FormatChoice(extension, **chosen), **options)

    return with_choice


def _variant(extension: str, name: str, value: str | None) -> str:
    owner, default = _VARIANTS[name]
    if value and extension != owner:
        option = "--" + name.replace("_", "-")
        raise click.UsageError(f"{option} says which {owner} is meant, but the format is {extension}")
    return value or default
