"""The work of publishing: a settled payout's files, from the store to a folder of this machine (faults 19 to 21)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crash_sweep.child import Ended
from crash_sweep.ground import Ground
from settlement_bridge import formats
from settlement_bridge.bridge import Bridge, DeliveryState
from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.settings import BridgeSettings, Outlet, Scope
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.config import Configuration
from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.model import Issuer
from settlement_bridge.publish import Destination, LocalDestination, local
from settlement_bridge.sandbox import Sandbox, scenario
from settlement_bridge.store import Store, open_store

STORE = "store"
DESTINATION = "destination"
NOW = datetime(2027, 6, 1, tzinfo=UTC)
SMALL_BUFFER = 2048
"""Bytes: small files shall take several writes, as large ones do."""


class Publishing:
    """Two payouts' files: the first needs every folder made, the second none."""

    name = "publishing"
    disks = (STORE, DESTINATION)

    def __init__(self, destination: Callable[[Path], Destination] = LocalDestination) -> None:
        self._destination = destination
        local._BUFFER = SMALL_BUFFER
        self._files: dict[Path, bytes] = {}

    def prepare(self, place: Path) -> None:
        """Make the place where all work begins: a store whose payouts are settled, and an empty destination."""
        (place / STORE).mkdir(parents=True)
        (place / DESTINATION).mkdir()
        with Sandbox(scenario("webshop", days=2)) as sandbox:
            keys = vars(sandbox.keys)
            data = {
                "report_api": {"base_url": sandbox.url, **{name: keys[name] for name in keys if name in API_KEYS}},
                "store": {"url": _address(place)},
                "destinations": ({"kind": "local", "path": str(place / DESTINATION)},),
            }
            with Bridge(Configuration.from_data(data, place)) as bridge:
                bridge.sync(dry_run=True)

    def work(self, place: Path) -> str:
        """Publish what is due; raise what a person should know where that fails."""
        with closing(open_store(_address(place))) as store, closing(self._destination(place / DESTINATION)) as target:
            return _publish(store, target)

    def learn(self, place: Path) -> None:
        """Take what undisturbed work has left for what must be there in the end."""
        self._files = _files(place)

    def violations(self, ground: Ground, ended: Ended, again: Callable[[], Ended]) -> Iterator[str]:
        """Say what must not be after a crash: at once, after the next run, and where an importer came in between."""
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


API_KEYS = ("client_id", "client_secret", "subscription_key")


def _address(place: Path) -> str:
    return f"sqlite:///{place / STORE / 'state.db'}"


def _publish(store: Store, destination: Destination) -> str:
    settings = BridgeSettings(
        rules=SettlementRules(),
        scope=Scope(),
        outlets=(Outlet(destination, (formats.get("xml"),)),),
        issuer=Issuer(),
        zone=ZoneInfo("Europe/Oslo"),
    )
    deliverer = Deliverer(store, settings)
    results = [result for stored in deliverer.due() for result in deliverer.deliver(stored, NOW)]
    refused = [result.reason for result in results if result.state is DeliveryState.REFUSED]
    failed = [result.reason for result in results if result.state is DeliveryState.FAILED]
    if refused:
        raise DeliveryRefused("\n".join(map(str, refused)))
    if failed:
        raise DeliveryFailed("\n".join(map(str, failed)))
    return ""


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
