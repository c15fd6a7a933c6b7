"""Books through the real store, one database file a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from settlement_bridge.bridge.settle import SettlementRules
from tests.books import Books
from tests.desk import Desk, make_blank

OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blank(tmp_path_factory.mktemp("blank") / "blank.db")


@pytest.fixture
def open_desk(blank: Path, tmp_path: Path) -> Iterator[OpenDesk]:
    """Opens desks that are closed behind the test."""
    opened: list[Desk] = []

    def open_desk(books: Books, rules: SettlementRules | None = None) -> Desk:
        opened.append(Desk(blank, tmp_path / f"{len(opened)}.db", books, rules))
        return opened[-1]

    yield open_desk
    for desk in opened:
        desk.close()
