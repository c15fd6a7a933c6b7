"""The connection to an SFTP server is cut anywhere (fault 26)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paramiko import Transport

from settlement_bridge.errors import DeliveryFailed
from settlement_bridge.publish.destination import Destination
from tests.publish.cutting_proxy import CuttingProxy
from tests.publish.publisher import PATH, Record, good
from tests.publish.sshd import Sshd

STEP = 64
"""Bytes between two cuts: less than the smallest request or answer takes."""
SLICES = 6


@pytest.fixture
def proxy(openssh: Sshd) -> Iterator[CuttingProxy]:
    with CuttingProxy(openssh.port) as running:
        with (openssh.folder / "known_hosts").open("a") as known:
            known.write(openssh.known_as(running.port))
        yield running


class Case:
    """A destination behind a line that breaks, and the record of a bridge."""

    def __init__(self, folder: Path, openssh: Sshd, proxy: CuttingProxy) -> None:
        self.folder = folder / "destination"
        self.folder.mkdir(parents=True)
        self.record = Record(folder / "record")
        self._openssh = openssh
        self._proxy = proxy

    def run(self, sent: int | None = None, received: int | None = None) -> bool:
        """Do one run of a bridge; tell whether it got through."""
        self._proxy.sent = self._proxy.received = 0
        self._proxy.cut_sent_after, self._proxy.cut_received_after = sent, received
        destination: Destination = self._openssh.destination(self.folder, self._proxy.port)
        try:
            good(destination, self.record, CONTENT)
        except DeliveryFailed as error:
            assert "the next run tries again" in str(error)
            return False
        finally:
            self._proxy.cut()
            destination.close()
        return True

    def final(self) -> bytes | None:
        file = self.folder / PATH
        return file.read_bytes() if file.exists() else None


CONTENT = b"<SettlementReport/>\n" * 20


def _violations(case: Case, where: str, importer_is_quick: bool) -> list[str]:
    found = []
    if case.final() not in (None, CONTENT):
        found.append(f"{where}: partial")
    taken = importer_is_quick and case.final() is not None
    if taken:
        (case.folder / PATH).unlink()
    if not case.run():
        found.append(f"{where}: not converged")
    if case.final() != (None if taken else CONTENT):
        found.append(f"{where}: delivered twice" if taken else f"{where}: lost")
    if case.record.read()[0] != "delivered":
        found.append(f"{where}: not recorded")
    return found + [f"{where}: {left.name} is left" for left in case.folder.rglob(".*")]


@pytest.mark.parametrize("slice_of", range(SLICES))
@pytest.mark.parametrize("direction", ["sent", "received"])
def test_cut_after_any_byte_a_document_is_absent_or_complete_and_the_next_run_converges(
    tmp_path: Path, openssh: Sshd, proxy: CuttingProxy, direction: str, slice_of: int
) -> None:
    whole = Case(tmp_path / "whole", openssh, proxy)
    assert whole.run()
    total = getattr(proxy, direction)
    found, cuts = [], 0
    for number, after in enumerate(range(slice_of * STEP, total, STEP * SLICES)):
        case = Case(tmp_path / str(after), openssh, proxy)
        cuts += not case.run(**{direction: after})
        found += _violations(case, f"{direction} {after}", importer_is_quick=number % 2 == 1)
    assert found == []
    assert cuts > 5


def sessions() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, Transport)}


def test_a_line_that_was_cut_between_two_files_is_not_noticed(
    tmp_path: Path, openssh: Sshd, proxy: CuttingProxy
) -> None:
    folder = tmp_path / "destination"
    folder.mkdir()
    destination = openssh.destination(folder, proxy.port)
    before = sessions()
    destination.look(PATH)
    proxy.cut()
    for session in sessions() - before:
        session.join(10)
    draft = destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.seal()
    draft.publish()
    assert (folder / PATH).read_bytes() == CONTENT
    assert proxy.connections == 2
    destination.close()
