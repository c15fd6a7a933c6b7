"""Whole runs: a real sandbox over HTTP, a real database, real folders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.outcome import NoProgress, Progress, RunOutcome
from settlement_bridge.bridge.settings import BridgeSettings, Outlet, Scope
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.bridge.sync import Sync
from settlement_bridge.model import Issuer
from settlement_bridge.publish import LocalDestination
from settlement_bridge.report_api import ApiSettings, ReportApi
from settlement_bridge.sandbox import Sandbox
from settlement_bridge.store import Store, open_store
from tests.desk import make_blank

LATER = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blank(tmp_path_factory.mktemp("blank") / "blank.db")


@pytest.fixture
def store(blank: Path, tmp_path: Path) -> Iterator[Store]:
    with closing(_store_at(blank, tmp_path / "state.db")) as opened:
        yield opened


@pytest.fixture
def another_store(blank: Path, tmp_path: Path) -> Iterator[Store]:
    with closing(_store_at(blank, tmp_path / "another.db")) as opened:
        yield opened


def _store_at(blank: Path, path: Path) -> Store:
    path.write_bytes(blank.read_bytes())
    return open_store(f"sqlite:///{path}")


def bridge_settings(
    *folders: Path,
    rules: SettlementRules | None = None,
    suffix: bool = False,
    scope: Scope | None = None,
) -> BridgeSettings:
    """Settings that publish XML below these folders."""
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return BridgeSettings(
        rules=rules or SettlementRules(),
        scope=scope or Scope(),
        outlets=tuple(Outlet(LocalDestination(folder), (formats.get("xml"),), suffix) for folder in folders),
        issuer=Issuer(),
        zone=ZoneInfo("Europe/Oslo"),
        parallel=4,
    )


Run = Callable[..., RunOutcome]


@pytest.fixture
def run(store: Store) -> Iterator[Run]:
    """Runs a sync against a sandbox, as often as one likes; connections are closed behind the test."""
    with ExitStack() as stack:
        apis: dict[str, ReportApi] = {}

        def run(
            sandbox: Sandbox,
            settings: BridgeSettings,
            only: frozenset[str] | None = None,
            *,
            dry_run: bool = False,
            store: Store = store,
            clock: Callable[[], datetime] = lambda: LATER,
            progress: Progress | None = None,
            stop: Event | None = None,
        ) -> RunOutcome:
            if sandbox.url not in apis:
                apis[sandbox.url] = ReportApi(api_settings(sandbox))
                stack.callback(apis[sandbox.url].close)
            sync = Sync(store, apis[sandbox.url], settings, clock, progress or NoProgress(), stop or Event())
            return sync.run(only, dry_run)

        yield run


def api_settings(sandbox: Sandbox) -> ApiSettings:
    return ApiSettings(
        base_url=sandbox.url,
        dialect="auto",
        keys="merchant",
        client_id=sandbox.keys.client_id,
        client_secret=sandbox.keys.client_secret,
        subscription_key=sandbox.keys.subscription_key,
        attempts=2,
        longest_wait=0.05,
    )


def published(folder: Path) -> dict[str, bytes]:
    """Return every file an importer can see, by its path below the inbox."""
    inbox = folder / "settlements" / "inbox" / "xml"
    return {str(file.relative_to(inbox)): file.read_bytes() for file in sorted(inbox.rglob("*")) if file.is_file()}
