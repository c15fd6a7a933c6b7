"""A server with a few documents, and what its clients need."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import paramiko
import pytest

from settlement_bridge.sftp_server import host_keys as made_keys
from settlement_bridge.store import Store, open_store
from tests.conftest import require
from tests.desk import make_blank
from tests.sftp_server.served import MSN, NAME, OTHER, THEIRS, OpenSsh, Served, place, publish, serving, user

CONTENT = b"<SettlementReport/>\n" * 3000


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blank(tmp_path_factory.mktemp("blank") / "blank.db")


@pytest.fixture(scope="session")
def host_keys(tmp_path_factory: pytest.TempPathFactory) -> Sequence[paramiko.PKey]:
    return made_keys(tmp_path_factory.mktemp("host") / "ssh")


@pytest.fixture
def store(blank: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    shutil.copyfile(blank, tmp_path / "state.db")
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def stocked(store: Store) -> Store:
    """Two sales units' documents: one of each user."""
    for payout in (2000001, 2000002):
        publish(store, place(payout), CONTENT + b"%d" % payout)
        publish(store, place(payout, "csv"), b"csv %d" % payout)
        publish(store, place(payout, msn=THEIRS), b"theirs %d" % payout)
    return store


@pytest.fixture
def served(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> Iterator[Served]:
    """A server with two users who see different sales units."""
    with serving(stocked, host_keys, [user(NAME, MSN), user(OTHER, THEIRS)]) as running:
        yield running


@pytest.fixture
def openssh(tmp_path: Path) -> OpenSsh:
    """OpenSSH's own client."""
    require(shutil.which("sftp"), "OpenSSH's sftp is not installed: nobody to serve")
    folder = tmp_path / "client"
    folder.mkdir()
    return OpenSsh(folder)
