"""The files that a person means by paths, folders and patterns."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from settlement_bridge.errors import NotFound
from settlement_bridge.readers import EXTENSIONS


@dataclass(frozen=True)
class FileList:
    """The files found, in the order named; those of a folder sorted by path."""

    paths: tuple[Path, ...]
    left_aside: int = 0
    """Files of the folders that cannot be settlement files, by their names."""


def list_files(named: Sequence[str]) -> FileList:
    """Return the files named, those of folders named and everything below them, and those a pattern matches.

    Within folders only `*.xml`, `*.zip`, `*.csv` and `*.xlsx` count, and nothing hidden. Raises NotFound for a name
    or pattern with nothing behind it.
    """
    paths: dict[Path, None] = {}
    left_aside = 0
    for path in (path for name in named for path in _matching(name)):
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
            chosen = [file for file in inside if file.suffix.lower() in EXTENSIONS]
            left_aside += len(inside) - len(chosen)
            paths.update(dict.fromkeys(chosen))
        else:
            paths[path] = None
    return FileList(tuple(paths), left_aside)


def _matching(name: str) -> list[Path]:
    path = Path(name)
    if path.exists():
        return [path]
    found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 (a pattern may begin at the root)
    if not found:
        raise NotFound(f"{name}: no such file or folder, and as a pattern it matches nothing")
    return list(map(Path, found))
