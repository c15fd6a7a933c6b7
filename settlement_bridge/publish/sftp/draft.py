"""A document on its way to a server: written on this machine, then sent under a name no importer matches."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from paramiko import SFTPClient

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.publish.destination import Fingerprint, draft_name
from settlement_bridge.publish.local import LocalDraft
from settlement_bridge.publish.sftp.files import remove, rename, upload, verify
from settlement_bridge.publish.sftp.folders import NewFolders
from settlement_bridge.publish.sftp.problems import explained
from settlement_bridge.publish.sftp.session import Session
from settlement_bridge.publish.spool import SpooledDraft


@dataclass(frozen=True)
class Place:
    """Where a document goes at a server."""

    path: PurePosixPath
    called: str
    """As people are told, with the server's name."""

    @property
    def final(self) -> str:
        """The name that importers look for."""
        return str(self.path)

    @property
    def draft_path(self) -> PurePosixPath:
        """Where the draft lies, beside its final name."""
        return self.path.with_name(draft_name(self.path))

    @property
    def temporary(self) -> str:
        """The draft's name."""
        return str(self.draft_path)


class SftpDraft(SpooledDraft):
    """Sent when it is sealed: what is recorded as publishing must be complete at the server by then."""

    def __init__(self, session: Session, folders: NewFolders, place: Place, spool: LocalDraft) -> None:
        super().__init__(spool)
        self._session = session
        self._folders = folders
        self._place = place
        self._sent = False

    def publish(self) -> None:
        """See `Draft.publish`."""
        place = self._place
        try:
            with explained(place.called), self._session.client() as client:
                give_final_name(client, place)
        finally:
            self._spool.discard()
        self._published = True
        self._folders.used(place.path.parent)

    def _send(self, sealed: Fingerprint) -> None:
        """Send the file and read it back."""
        place = self._place
        with explained(place.called), self._session.client() as client:
            self._sent = True
            self._folders.begin(client, place.draft_path)
            upload(client, self.local_path, place.temporary)
            verify(client, place.temporary, sealed, place.called)

    def _withdraw(self) -> None:
        if not self._sent:
            return
        with explained(self._place.called), self._session.client() as client:
            remove(client, self._place.temporary)
            self._folders.remove(client, self._place.path.parent)
        self._sent = False


def give_final_name(client: SFTPClient, place: Place) -> None:
    """Rename a complete draft. Raises DeliveryRefused where the name exists, and what paramiko raises."""
    try:
        rename(client, place.temporary, place.final)
    except FileExistsError as error:
        raise DeliveryRefused(
            f"{place.called} exists already and was not touched: move it away, then republish"
        ) from error
