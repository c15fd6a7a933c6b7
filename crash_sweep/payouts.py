"""Two settled payouts in a store, and the work of publishing them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from settlement_bridge import formats
from settlement_bridge.bridge import Bridge, DeliveryState
from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.settings import BridgeSettings, Outlet, Scope
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.config import Configuration
from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.model import Issuer
from settlement_bridge.publish import Destination, local
from settlement_bridge.sandbox import Sandbox, scenario
from settlement_bridge.store import Store, open_store

STORE: Final = "store"
"""The folder of the database in a scenario's place."""
NOW: Final = datetime(2027, 6, 1, tzinfo=UTC)
SMALL_BUFFER: Final = 2048
"""Bytes: small files shall take several writes, as large ones do."""

_API_KEYS = ("client_id", "client_secret", "subscription_key")


def settle(place: Path) -> None:
    """Make a store at a place whose payouts are settled and wait to be published."""
    (place / STORE).mkdir(parents=True)
    with Sandbox(scenario("webshop", days=2)) as sandbox:
        api = {name: value for name, value in vars(sandbox.keys).items() if name in _API_KEYS}
        data = {
            "report_api": {"base_url": sandbox.url, **api},
            "store": {"url": _address(place)},
            "destinations": ({"kind": "local", "path": str(place)},),
        }
        with Bridge(Configuration.from_data(data, place)) as bridge:
            bridge.sync(dry_run=True)


@contextmanager
def opened(place: Path) -> Iterator[Store]:
    """Open the store of a place for the length of the block."""
    with closing(open_store(_address(place))) as store:
        yield store


def publish(store: Store, destination: Destination) -> None:
    """Publish what is due, as a run does; raise what a person should know where that fails."""
    local._BUFFER = SMALL_BUFFER
    settings = BridgeSettings(
        rules=SettlementRules(),
        scope=Scope(),
        outlets=(Outlet(destination, (formats.get("xml"),)),),
        issuer=Issuer(),
        zone=ZoneInfo("Europe/Oslo"),
    )
    deliverer = Deliverer(store, settings)
    results = [result for stored in deliverer.due() for result in deliverer.deliver(stored, NOW)]
    refused = [str(result.reason) for result in results if result.state is DeliveryState.REFUSED]
    failed = [str(result.reason) for result in results if result.state is DeliveryState.FAILED]
    if refused:
        raise DeliveryRefused("\n".join(refused))
    if failed:
        raise DeliveryFailed("\n".join(failed))


def _address(place: Path) -> str:
    return f"sqlite:///{place / STORE / 'state.db'}"
