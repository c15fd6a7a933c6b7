"""The folder that work is done in and crashes in: as it was before, as the crash leaves it, and that again."""

import shutil
from pathlib import Path
from typing import Protocol


class Ground(Protocol):
    """A folder whose state is prepared, left behind by a crash, and brought back as often as one wants to look."""

    @property
    def keeps_all(self) -> bool:
        """Whether a crash leaves what was written and removed, synced or not."""

    @property
    def place(self) -> Path:
        """The folder: the same path every time, for the work may keep it."""

    def prepare(self) -> None:
        """Bring the folder to where every piece of work begins."""

    def crash(self) -> None:
        """Keep what a crash at this moment leaves."""

    def restore(self) -> None:
        """Bring the folder to what the crash left."""

    def close(self) -> None:
        """Leave nothing behind."""


class PlainGround:
    """A folder whose machine goes on when a process dies: what was written is there, on the disk or not."""

    keeps_all = True

    def __init__(self, prepared: Path, folder: Path) -> None:
        self.place = folder / "place"
        self._prepared = prepared
        self._left = folder / "left"

    def prepare(self) -> None:
        """See `Ground.prepare`."""
        self._replace(self._prepared)

    def crash(self) -> None:
        """See `Ground.crash`."""
        shutil.rmtree(self._left, ignore_errors=True)
        self.place.rename(self._left)

    def restore(self) -> None:
        """See `Ground.restore`."""
        self._replace(self._left)

    def close(self) -> None:
        """See `Ground.close`."""

    def _replace(self, state: Path) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(state, self.place, symlinks=True)
