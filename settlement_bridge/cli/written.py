"""Files that a command writes where a person says."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.cli.output import complain


def write_file(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write beside the path and move it there when complete, so that nobody mistakes half a file for a whole one."""
    if path.exists() and not path.is_file():  # a pipe or a device must stay what it is
        with path.open("wb") as stream:
            write(stream)
        return
    path = path.resolve()
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as stream:
            write(stream)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    complain(f"wrote {path}")
