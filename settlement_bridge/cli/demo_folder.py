"""The folder a demo works in: everything it writes is in there, and nothing in there was somebody else's."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from settlement_bridge.errors import BridgeError

_MARK = ".settlement-bridge-demo"
_OWN = ("config.toml", "state.db", "state.db-shm", "state.db-wal", "published")


class FolderRefused(BridgeError):
    """The folder holds what no demo made."""


@dataclass(frozen=True)
class DemoFolder:
    """A fresh folder."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration file, with the sandbox's keys."""
        return self.path / "config.toml"

    @property
    def published(self) -> Path:
        """The destination."""
        return self.path / "published"


def fresh_folder(path: Path) -> DemoFolder:
    """Make the folder, or clear away what an earlier demo left in it.

    Raises FolderRefused for a folder, or anything else, that no demo made; OSError where the disk will not.
    """
    if path.exists() and not (path.is_dir() and ((path / _MARK).is_file() or not any(path.iterdir()))):
        raise FolderRefused(f"{path} exists and was not made by a demo; name another folder with --out")
    path.mkdir(parents=True, exist_ok=True)
    (path / _MARK).touch()
    for name in _OWN:
        _remove(path / name)
    folder = DemoFolder(path)
    folder.published.mkdir()
    return folder


def write_config(folder: DemoFolder, text: str) -> None:
    """Write the configuration, for its owner alone as any file with keys."""
    folder.config.touch(mode=0o600)
    folder.config.write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
