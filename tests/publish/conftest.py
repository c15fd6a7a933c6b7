"""Real places to publish to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from settlement_bridge.publish.destination import Destination, Fingerprint
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.local import LocalDestination
from tests.publish.sshd import Sshd, sshd

PATH = inbox_path("998724341", "16655", 2000001, "xml")
CONTENT = b"<SettlementReport/>\n" * 100_000


@dataclass(frozen=True)
class Place:
    """A destination with the folder in which its importers find their files."""

    destination: Destination
    folder: Path

    def put(self, content: bytes, path: PurePosixPath = PATH) -> None:
        """Do what a foreign program does that writes into the importers' folders."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def visible(self) -> list[str]:
        """Everything an importer can see."""
        names = (file.relative_to(self.folder) for file in self.folder.rglob("*"))
        return sorted(str(name) for name in names if not name.name.startswith("."))

    def everything(self) -> list[str]:
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*"))


def deliver(destination: Destination, content: bytes = CONTENT, path: PurePosixPath = PATH) -> Fingerprint:
    """Publish one document the way the bridge does, without its database."""
    draft = destination.draft(path)
    draft.stream.write(content)
    sealed = draft.seal()
    draft.publish()
    return sealed


def seal_and_drop(destination: Destination, content: bytes = CONTENT, path: PurePosixPath = PATH) -> Fingerprint:
    """Leave what a run leaves that is killed before it publishes."""
    draft = destination.draft(path)
    draft.stream.write(content)
    return draft.seal()


@pytest.fixture(scope="session")
def openssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def openssh(openssh_server: Sshd) -> Iterator[Sshd]:
    yield openssh_server
    openssh_server.close()


@pytest.fixture(scope="session")
def server_without_posix_rename(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd"), "-P", "posix-rename") as running:
        yield running


@pytest.fixture
def without_posix_rename(server_without_posix_rename: Sshd) -> Iterator[Sshd]:
    yield server_without_posix_rename
    server_without_posix_rename.close()


@pytest.fixture(params=["local", "openssh", "without_posix_rename"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Every kind of destination in turn: what is said of one holds for all."""
    folder = tmp_path / "destination"
    folder.mkdir()
    destination: Destination = LocalDestination(folder)
    if request.param != "local":
        destination = request.getfixturevalue(request.param).destination(folder)
    return Place(destination, folder)
