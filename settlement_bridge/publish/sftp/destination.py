"""The port `Destination`, in front of an SFTP server."""

from pathlib import Path, PurePosixPath

from paramiko import SFTPClient

from settlement_bridge.errors import DeliveryFailed
from settlement_bridge.publish.destination import Fingerprint, Outcome, try_out
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.local import LocalDraft
from settlement_bridge.publish.sftp.draft import Place, SftpDraft, give_final_name
from settlement_bridge.publish.sftp.files import fingerprint_of, found, is_file, is_same, remove
from settlement_bridge.publish.sftp.folders import NewFolders
from settlement_bridge.publish.sftp.problems import explained
from settlement_bridge.publish.sftp.server import SftpServer
from settlement_bridge.publish.sftp.session import Session
from settlement_bridge.publish.sftp.template import DEFAULT_TEMPLATE, Template
from settlement_bridge.publish.spool import spooled

LOGIN_FOLDER = PurePosixPath()
_PROBE = inbox_path("check", "check", 1, "xml")


class SftpDestination:
    """Publishes below `path` at a server, which must exist: a missing one is more often a mistake than a new start.

    `template` says where below it a document goes. Documents are written into `spool` first, a folder of this machine
    that must exist; None takes one of this user's own among the temporary files.
    Raises ConfigurationError for a template that cannot be used.
    """

    def __init__(
        self,
        server: SftpServer,
        path: PurePosixPath = LOGIN_FOLDER,
        template: str = DEFAULT_TEMPLATE,
        spool: Path | None = None,
    ) -> None:
        self.name = f"{server}/{path}"
        self._path = path
        self._template = Template(template)
        self._spool = spool
        self._session = Session(server)
        self._new_folders = NewFolders(path)

    def draft(self, path: PurePosixPath) -> SftpDraft:
        """See `Destination.draft`. Another process on another machine is not noticed: the database keeps it away."""
        place = self._place(path)
        return SftpDraft(self._session, self._new_folders, place, self._spooled(path))

    def look(self, path: PurePosixPath) -> Fingerprint | None:
        """See `Destination.look`."""
        place = self._place(path)
        with explained(place.called), self._session.client() as client:
            return fingerprint_of(client, place.final) if is_file(client, place.final, place.called) else None

    def recover(self, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
        """See `Destination.recover`."""
        place = self._place(path)
        spooled = self._spooled(path)  # while another process writes it, nothing is known
        try:
            with explained(place.called), self._session.client() as client:
                return _recover(client, place, sealed)
        finally:
            spooled.discard()

    def check(self) -> None:
        """See `Destination.check`."""
        try_out(self.draft(_PROBE))

    def close(self) -> None:
        """See `Destination.close`."""
        self._session.close()

    def _place(self, path: PurePosixPath) -> Place:
        below = self._template.fill(path)
        return Place(self._path / below, f"{self.name}/{below}")

    def _spooled(self, path: PurePosixPath) -> LocalDraft:
        return spooled(self.name, path, self._spool)


def _recover(client: SFTPClient, place: Place, sealed: Fingerprint) -> Outcome:
    if found(client, str(place.path.parent)) is None:
        raise DeliveryFailed(
            f"the folder of {place.called} is gone: mount it, or make it if an importer has removed it, and the next "
            "run tries again"
        )
    if is_file(client, place.final, place.called):
        if not is_same(client, place.final, sealed):
            return Outcome.TAKEN
        remove(client, place.temporary)
        return Outcome.DELIVERED
    if not is_file(client, place.temporary, place.called):
        return Outcome.DELIVERED
    if is_same(client, place.temporary, sealed):
        give_final_name(client, place)
        return Outcome.DELIVERED
    return Outcome.ABSENT
