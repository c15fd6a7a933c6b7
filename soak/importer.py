"""An import job that comes when it likes, and the judge of what it finds."""

import os
import random
import threading
from collections.abc import Mapping
from pathlib import Path


class Importer:
    """Looks into a folder now and then, reads what is there, and takes some of it away.

    Whatever it sees must be one of the files expected, whole at first sight, and must not come again once taken.
    """

    def __init__(self, folder: Path, expected: Mapping[str, bytes], dice: random.Random) -> None:
        self._folder = folder
        self._expected = expected
        self._dice = dice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="importer")
        self.taken: set[str] = set()
        self.seen: set[str] = set()
        self.violations: list[str] = []

    def start(self) -> None:
        """Begin to come."""
        self._thread.start()

    def stop(self) -> None:
        """Come once more, and look at everything."""
        self._over.set()
        self._thread.join()
        for path in self._there():
            self._look(path)

    def missing(self) -> set[str]:
        """Return the files that never came."""
        return self._expected.keys() - self.seen

    def _work(self) -> None:
        while not self._over.wait(self._dice.uniform(0, 0.3)):
            greed = self._dice.choice((0.0, 0.3, 1.0))
            for path in self._there():
                self._look(path)
                if self._dice.random() < greed:
                    self.taken.add(path)
                    (self._folder / path).unlink()

    def _there(self) -> list[str]:
        """Return what an importer sees: drafts have hidden names."""
        found = (Path(folder, name) for folder, _, names in os.walk(self._folder) for name in names if name[0] != ".")
        return sorted(str(path.relative_to(self._folder)) for path in found)

    def _look(self, path: str) -> None:
        content = (self._folder / path).read_bytes()
        if path in self.taken:
            self.violations.append(f"{path} came again after it was taken")
        elif path not in self._expected:
            self.violations.append(f"{path} should not be there")
        elif content != self._expected[path]:
            self.violations.append(f"{path} is not what it should be: {len(content)} bytes")
        self.seen.add(path)
