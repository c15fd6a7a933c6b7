"""Files that a command writes where a person says."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import click

from settlement_bridge.cli.output import complain


class _Output(click.Path):
    """A file, or an existing folder; what ends in a slash is meant as a folder."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if str(value).endswith("/") and not Path(value).is_dir():
            self.fail(f"there is no folder {value}: make it first, or leave out the slash to name a file")
        return super().convert(value, parameter, context)


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--output`."""
    return click.option(
        "--output", metavar="FILE", type=_Output(path_type=Path), help="Where to write; an existing folder is fine too."
    )(command)


def write_file(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write beside the path and move it there when complete, so that nobody mistakes half a file for a whole one.

    What was there lets the same people read its successor.
    """
    if path.exists() and not path.is_file():  # a pipe or a device must stay what it is
        with _named(path), path.open("wb") as stream:
            write(stream)
        return
    path = path.resolve()
    # A name that nobody can foresee: in a folder that others may write to, it could be a link of theirs.
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with _named(path, draft):
            with draft.open("xb") as stream:
                if path.exists():
                    shutil.copymode(path, draft)
                write(stream)
            draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    complain(f"wrote {path}")


@contextmanager
def _named(path: Path, draft: Path | None = None) -> Iterator[None]:
    """Let what a disk says be about the path that a person gave."""
    try:
        yield
    except OSError as error:
        if error.filename in (None, str(draft)):
            error.filename = str(path)
        raise
