"""Publishing: settled payouts' files, from the store to a folder of this machine (faults 19 to 21)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from crash_sweep import payouts
from crash_sweep.child import Ended, Say
from crash_sweep.ground import Ground
from settlement_bridge.publish import Destination, LocalDestination

DESTINATION = "destination"


class Publishing:
    """Two payouts' files: the first needs every folder made, the second none."""

    name = "publishing"
    disks = (payouts.STORE, DESTINATION)

    def __init__(self, destination: Callable[[Path], Destination] = LocalDestination) -> None:
        self._destination = destination
        self._files: dict[Path, bytes] = {}

    def prepare(self, place: Path) -> None:
        """See `Scenario.prepare`."""
        payouts.settle(place)
        (place / DESTINATION).mkdir()

    def work(self, place: Path, say: Say) -> None:  # noqa: ARG002 (nobody listens while it works)
        """See `Scenario.work`."""
        with payouts.opened(place) as store, closing(self._destination(place / DESTINATION)) as destination:
            payouts.publish(store, destination)

    def learn(self, place: Path) -> None:
        """See `Scenario.learn`."""
        self._files = _files(place)

    def violations(self, ground: Ground, ended: Ended, again: Callable[[], Ended]) -> Iterator[str]:
        """See `Scenario.violations`: at once, behind the next run, and where an importer came in between."""
        ground.restore()
        yield from self._halves(ground.place)
        if ended.code == 0 and _files(ground.place) != self._files:
            yield "said to be done, and is not"
        visible = [path for path in _files(ground.place) if not path.name.startswith(".")]
        yield from self._next_run(ground.place, again, taken=[])
        if visible:
            ground.restore()
            yield from self._next_run(ground.place, again, taken=visible)

    def _halves(self, place: Path) -> Iterator[str]:
        for path, content in _files(place).items():
            if not path.name.startswith(".") and content != self._files.get(path):
                yield f"{path.name} is there with {len(content)} bytes that are not the file's"

    def _next_run(self, place: Path, again: Callable[[], Ended], taken: list[Path]) -> Iterator[str]:
        """Run again after an importer took some files, and once more after it took the rest."""
        _take(place, taken)
        wanted = {path: content for path, content in self._files.items() if path not in taken}
        yield from _difference("the next run", again(), _files(place), wanted)
        _take(place, list(_files(place)))
        yield from _difference("the run after an importer", again(), _files(place), {})


def _files(place: Path) -> dict[Path, bytes]:
    """Return everything below the destination but folders, drafts included, by its path there."""
    root = place / DESTINATION
    return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _take(place: Path, files: list[Path]) -> None:
    for path in files:
        (place / DESTINATION / path).unlink()


def _difference(when: str, ended: Ended, found: dict[Path, bytes], wanted: dict[Path, bytes]) -> Iterator[str]:
    if ended.code != 0:
        yield f"{when} ended with {ended.code}: {ended.said}"
    for path in sorted(found.keys() | wanted.keys()):
        if found.get(path) != wanted.get(path):
            state = "missing" if path not in found else "wrong" if path in wanted else "there"
            yield f"{when} left {path.name} {state}"
