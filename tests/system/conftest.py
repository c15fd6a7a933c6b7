"""Places to run the command in, and what it published there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from settlement_bridge.sandbox import Sandbox, World, scenario
from settlement_bridge.sandbox.application import Dialect
from tests.cli.command import Place, place_for

WORLD = scenario("chain-of-shops", days=6)
"""One ledger with several sales units, so that a payout has several files."""
LEDGER = "302400"
PAGE = 20


@contextmanager
def serving(
    folder: Path, world: World, *faults: str, dialect: Dialect = "v2", page_size: int = PAGE
) -> Iterator[tuple[Place, Sandbox]]:
    """Serve a world, with faults, to the place in a folder; one that was there before is told the new address."""
    with Sandbox(world, dialect=dialect, page_size=page_size, faults=faults) as sandbox:
        place = Place(folder)
        if place.config.exists():
            lines = place.config.read_text(encoding="utf-8").splitlines()
            place.rewrite(next(line for line in lines if line.startswith("base_url")), f'base_url = "{sandbox.url}"')
        else:
            place_for(folder, sandbox.url, world, sandbox.keys)
        yield place, sandbox


def files(place: Place) -> dict[str, bytes]:
    """Return every file below the destination, drafts included, by its path.

    A draft may get its name, or go, while a daemon works; nothing else may be gone once it was listed.
    """
    found: dict[str, bytes] = {}
    for path in sorted(path for path in place.published.rglob("*") if path.is_file()):
        try:
            found[str(path.relative_to(place.published))] = path.read_bytes()
        except FileNotFoundError:
            assert path.name.endswith(".part"), f"{path} is gone"
    return found


def undisturbed(folder: Path, world: World, dialect: Dialect = "v2") -> dict[str, bytes]:
    """Return what one run publishes that nothing disturbs."""
    with serving(folder, world, dialect=dialect) as (place, _):
        done = place.run("sync")
        assert done.code == 0, done.err
        return files(place)


def let_the_lease_run_out(place: Place) -> None:
    """Do to the lease of a process that was killed or stopped what a minute and a half do."""
    with closing(sqlite3.connect(place.folder / "state.db", timeout=20)) as database, database:
        made = database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'leases'").fetchone()
        if made:  # there may have been no room for any table
            database.execute("UPDATE leases SET expires = 0")


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the chain of shops comes to."""
    published = undisturbed(tmp_path_factory.mktemp("undisturbed") / "place", WORLD)
    assert len(published) > 6
    return published


@pytest.fixture(scope="session")
def expected_v1(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What it comes to in v1, which gives no names."""
    return undisturbed(tmp_path_factory.mktemp("undisturbed") / "place", WORLD, "v1")
