"""Places to run the command in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, served

DAYS = 5


@pytest.fixture
def webshop(tmp_path: Path) -> Iterator[Place]:
    """A webshop with five payouts; nothing is mirrored yet."""
    with served(tmp_path / "webshop", scenario("webshop", days=DAYS)) as place:
        yield place


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A chain of shops on one ledger, synced; only for tests that change nothing."""
    with served(tmp_path_factory.mktemp("synced") / "shops", scenario("chain-of-shops", days=DAYS)) as place:
        done = place.run("sync")
        assert done.code == 0, done.err
        yield place
