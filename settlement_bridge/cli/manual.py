"""The manual page, made from what `--help` says: `python -m settlement_bridge.cli.manual > settlement-bridge.1`."""

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc

import click

from settlement_bridge import __version__
from settlement_bridge.cli.entry import PROGRAM, application

_AS_IT_STANDS = "\b\n"
_BACKTICKS = re.compile(r"`([^`\n]+)`")


def manual() -> str:
    """Return the whole manual as one page in man's macros (troff)."""
    return "\n".join(_page(application)) + "\n"


def _page(group: click.Group) -> Iterator[str]:
    context = click.Context(group, info_name=PROGRAM, help_option_names=["-h", "--help"])
    summary, _, description = cleandoc(group.help or "").partition("\n\n")
    yield f'.TH {_text(PROGRAM).upper()} 1 "" "{_text(PROGRAM)} {_text(__version__)}" "User Commands"'
    yield ".nh"  # names and paths are not to be broken, nor words set apart
    yield ".ad l"
    yield ".SH NAME"
    yield f"{_text(PROGRAM)} \\- {_text(summary.rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield _text(context.get_usage().removeprefix("Usage: "))
    yield ".SH DESCRIPTION"
    yield from _prose(description)
    yield ".SH OPTIONS"
    yield from _options(group, context)
    yield ".SH COMMANDS"
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command:
            yield from _command(command, click.Context(command, context, info_name=name))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f".SS {_text(context.get_usage().removeprefix('Usage: '))}"
    yield from _prose(cleandoc(command.help or ""))
    yield from _options(command, context)
    yield from _prose(cleandoc(command.epilog or ""))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    help_option = command.get_help_option(context) if context.parent else None
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1] and parameter is not help_option:
            yield ".TP"
            yield f"\\fB{_text(record[0])}\\fR"
            yield _text(record[1])


def _prose(text: str) -> Iterator[str]:
    """Yield paragraphs; one behind a `\\b` keeps its lines, as in `--help`."""
    for paragraph in filter(None, (part.strip("\n") for part in text.split("\n\n"))):
        yield ".PP"
        if paragraph.startswith(_AS_IT_STANDS):
            yield ".nf"
            yield from map(_text, paragraph.removeprefix(_AS_IT_STANDS).splitlines())
            yield ".fi"
        else:
            yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """Escape what troff would understand; what stands between backticks becomes bold."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    bold = _BACKTICKS.sub(r"\\fB\1\\fR", escaped)
    return f"\\&{bold}" if bold.startswith((".", "'")) else bold


if __name__ == "__main__":
    sys.stdout.write(manual())
