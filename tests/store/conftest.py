"""The same tests on both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement_bridge.store import Store, open_store
from tests import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    with postgresql.database(request.getfixturevalue("postgresql_server")) as address:
        yield address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store of either kind, empty."""
    opened = open_store(url)
    yield opened
    opened.close()
