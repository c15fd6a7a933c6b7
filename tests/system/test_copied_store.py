"""The store moved to another database, backed up, restored onto a new machine: nothing is lost or published twice."""

import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from settlement_bridge.sandbox import Sandbox
from settlement_bridge.store import open_store
from tests import postgresql
from tests.cli.command import Place
from tests.system.conftest import WORLD, files, serving

SOME = 40
"""Entries that the first run sees: a few payouts and the beginning of another."""


@pytest.fixture
def database(postgresql_server: URL) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgresql.database(postgresql_server) as address:
        yield address


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[tuple[Place, Sandbox]]:
    """A place where some payouts are published, and more are to come."""
    with serving(tmp_path / "place", WORLD) as (place, sandbox):
        sandbox.reveal(SOME)
        done = place.run("sync")
        assert done.code == 0, done.err
        yield place, sandbox


def import_all(place: Place) -> dict[str, bytes]:
    """Do as the old import job does: read every file, and move it away."""
    taken = files(place)
    for path in taken:
        (place.published / path).unlink()
    return taken


def point_at(place: Place, url: str) -> None:
    line = next(one for one in place.config.read_text(encoding="utf-8").splitlines() if one.startswith("url = "))
    place.rewrite(line, f'url = "{url}"')


def test_to_postgresql_and_back_with_every_file_once(
    begun: tuple[Place, Sandbox], database: str, expected: dict[str, bytes]
) -> None:
    place, sandbox = begun
    first = import_all(place)
    assert 0 < len(first) < len(expected)

    moved = place.run("migrate-store", "--to", database)
    assert moved.code == 0, moved.err
    assert "read back and found the same" in moved.out
    refused = place.run("sync")
    assert refused.code == 78
    assert "was moved from" in refused.err

    point_at(place, database)
    assert place.run("sync").code == 0
    assert files(place) == {}, "published twice"
    sandbox.reveal(SOME + 30)
    assert place.run("sync").code == 0
    second = import_all(place)

    back = place.run("migrate-store", "--to", "sqlite:///back.db")
    assert back.code == 0, back.err
    assert f'Now set [store] url = "sqlite:///{place.folder / "back.db"}"' in back.out
    point_at(place, "sqlite:///back.db")
    sandbox.reveal(None)
    assert place.run("sync").code == 0
    third = import_all(place)
    assert second
    assert third
    assert {**first, **second, **third} == expected
    assert len(first) + len(second) + len(third) == len(expected)


def test_a_trial_leaves_the_store_in_use(begun: tuple[Place, Sandbox], database: str) -> None:
    place, _ = begun
    assert place.run("migrate-store", "--to", database, "--trial").code == 0
    assert place.run("sync").code == 0
    again = place.run("migrate-store", "--to", database)
    assert again.code == 1
    assert "is not empty" in again.err


@pytest.mark.parametrize("arguments", [("migrate-store", "--to", "sqlite:///new.db"), ("backup", "copy.db")])
def test_while_somebody_works_there_is_no_copy(begun: tuple[Place, Sandbox], arguments: tuple[str, ...]) -> None:
    place, _ = begun
    with closing(open_store(f"sqlite:///{place.folder / 'state.db'}")) as store:
        store.leases.acquire("work", "a daemon at work", 60, datetime.now(UTC))
        done = place.run(*arguments)
        store.leases.release("work")
    assert done.code == 75
    assert "a daemon at work has been working" in done.err
    assert not (place.folder / "copy.db").exists()
    assert place.run(*arguments).code == 0


def test_a_backup_restored_onto_a_new_machine_publishes_nothing_twice(
    begun: tuple[Place, Sandbox], expected: dict[str, bytes]
) -> None:
    place, sandbox = begun
    first = import_all(place)
    done = place.run("backup", "copy.db", "--json")
    assert done.code == 0, done.err
    assert {one["name"]: one["rows"] for one in done.json["tables"]}["deliveries"] == len(first)
    backup = place.folder / "copy.db"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in place.folder.iterdir() if "copy" in path.name] == ["copy.db"]

    for left in place.folder.glob("state.db*"):  # a new machine has the configuration and the backup, and no more
        left.unlink()
    backup.rename(place.folder / "state.db")
    assert place.run("sync").code == 0
    assert files(place) == {}
    sandbox.reveal(None)
    assert place.run("sync").code == 0
    rest = import_all(place)
    assert {**first, **rest} == expected
    assert len(first) + len(rest) == len(expected)


def test_a_backup_of_postgresql_is_a_file_too(begun: tuple[Place, Sandbox], database: str) -> None:
    place, _ = begun
    import_all(place)
    assert place.run("migrate-store", "--to", database).code == 0
    point_at(place, database)
    assert place.run("backup", "copy.db").code == 0
    point_at(place, "sqlite:///copy.db")
    assert place.run("sync").code == 0
    assert files(place) == {}


def test_of_files_published_after_an_old_backup_those_that_still_lie_there_are_recognized(
    begun: tuple[Place, Sandbox], expected: dict[str, bytes]
) -> None:
    place, sandbox = begun
    assert place.run("backup", "copy.db").code == 0
    sandbox.reveal(None)
    assert place.run("sync").code == 0
    (place.folder / "copy.db").replace(place.folder / "state.db")
    for left in place.folder.glob("state.db-*"):
        left.unlink()
    done = place.run("sync")
    assert done.code == 0, done.out
    assert files(place) == expected


def test_a_backup_never_replaces_a_file(begun: tuple[Place, Sandbox]) -> None:
    place, _ = begun
    (place.folder / "copy.db").write_text("precious", encoding="utf-8")
    done = place.run("backup", "copy.db")
    assert done.code == 1
    assert "copy.db exists" in done.err
    assert (place.folder / "copy.db").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("migrate-store", "--to", "mysql://host/name"), 78, "the database's address is none"),
        (("migrate-store", "--to", "secret-and-wrong"), 78, "the database's address is none"),
        (("migrate-store", "--to", "postgresql://bridge@127.0.0.1:9/x"), 75, "cannot be reached"),
        (("backup", "missing/copy.db"), 1, "missing/"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    begun: tuple[Place, Sandbox], arguments: tuple[str, ...], code: int, said: str
) -> None:
    place, _ = begun
    done = place.run(*arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "secret-and-wrong" not in done.err
    assert place.run("sync").code == 0
