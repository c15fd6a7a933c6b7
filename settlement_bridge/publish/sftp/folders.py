"""Folders at a server: made when a file comes, taken away again if it does not."""

import threading
from pathlib import PurePosixPath

from paramiko import SFTPClient

from settlement_bridge.publish.sftp.files import found


class NewFolders:
    """The folders that drafts of one destination made and that hold no document yet; safe between threads.

    They belong to all drafts: whichever is discarded last takes them away.
    """

    def __init__(self, root: PurePosixPath) -> None:
        self._root = root
        self._made: set[PurePosixPath] = set()
        self._lock = threading.Lock()

    def begin(self, client: SFTPClient, file: PurePosixPath) -> None:
        """Make an empty file below the root, with its folders as far as they are missing; never the root itself.

        From then on no other draft takes the folders away.
        """
        with self._lock:
            self._make(client, file.parent)
            client.open(str(file), "w").close()

    def _make(self, client: SFTPClient, folder: PurePosixPath) -> None:
        missing = []
        while found(client, str(folder)) is None:
            if folder == self._root:
                raise FileNotFoundError(str(folder))
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            client.mkdir(str(one))
            self._made.add(one)

    def used(self, folder: PurePosixPath) -> None:
        """A document has come to stay."""
        with self._lock:
            self._made.difference_update((folder, *folder.parents))

    def remove(self, client: SFTPClient, folder: PurePosixPath) -> None:
        """Remove what was made for a document that does not come, as far as nothing else is in there."""
        with self._lock:
            for one in (folder, *folder.parents):
                if one not in self._made:
                    return
                try:
                    client.rmdir(str(one))
                except TimeoutError:
                    raise
                except OSError:
                    return
                self._made.discard(one)
