"""Text on stdout and stderr: safe for terminals, and the same words for the same things in every command."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def printable(text: str) -> str:
    """Return a text with control characters spelled out: names and order ids come from strangers."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def say(text: str = "") -> None:
    """Print a line on stdout."""
    click.echo(printable(text))


def complain(text: str, prefix: str = "settlement-bridge: ") -> None:
    """Print a line on stderr."""
    click.echo(prefix + printable(text), err=True)


def say_json(data: object) -> None:
    """Print data as JSON on stdout, in ASCII, so that no locale can spoil it."""
    click.echo(json.dumps(data, indent=2))


def local_time(time: datetime) -> str:
    """Return a time for a person, in the time zone of this machine: `2026-10-02 14:31 +0200`."""
    return f"{time.astimezone():%Y-%m-%d %H:%M %z}"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def json_option(command: Command) -> Command:
    """Give a command the option `--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else on stdout.")(command)
