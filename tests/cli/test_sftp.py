"""The real command delivers to a real OpenSSH server."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paramiko import Transport

from settlement_bridge.bridge import Bridge
from settlement_bridge.config import load
from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, served
from tests.cli.conftest import DAYS
from tests.publish.sshd import Sshd, make_key, sshd

FILES = [f"100716-{2000001 + day}.xml" for day in range(DAYS)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, server: Sshd) -> Iterator[Place]:
    """A webshop whose files go to a server; nothing is mirrored yet."""
    with served(tmp_path / "shop", scenario("webshop", days=DAYS)) as place:
        (place.folder / "known_hosts").write_text(server.known_as(server.port))
        destination = f"""kind = "sftp"
host = "127.0.0.1"
port = {server.port}
username = {json.dumps(server.server.username)}
private_key = {json.dumps(str(server.server.private_key))}
known_hosts = "known_hosts"
path = {json.dumps(str(place.published))}
spool = "."
"""
        place.rewrite('kind = "local"\npath = "published"\n', destination)
        yield place


def logins(server: Sshd) -> int:
    return (server.folder / "log").read_text().count("Accepted publickey")


def test_a_sync_delivers_over_one_session_and_what_an_importer_takes_does_not_come_again(
    shop: Place, server: Sshd
) -> None:
    before = logins(server)
    done = shop.run("sync")

    assert (done.code, done.err) == (0, "")
    assert shop.files() == FILES
    assert all("sftp://" in line for line in done.out.splitlines()[:DAYS])
    assert logins(server) - before == 1

    next(shop.published.rglob(FILES[2])).unlink()
    assert shop.run("sync").out == "1 ledger, 0 new entries, 0 payouts settled, 0 files published\n"
    assert shop.files() == FILES[:2] + FILES[3:]


def test_the_session_ends_with_the_bridge(shop: Place) -> None:
    before = sessions()
    with Bridge(load(shop.config, {})) as bridge:
        findings = bridge.check()
        assert all(one.ok for one in findings), findings
        assert sessions() - before
    assert sessions() <= before


def sessions() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, Transport)}


def test_nothing_goes_to_a_server_that_is_not_known(shop: Place, server: Sshd) -> None:
    other = shop.folder / "other"
    make_key(other)
    (shop.folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {other.with_suffix('.pub').read_text()}")

    checked = shop.run("check")
    assert checked.code == 1
    assert "nothing was sent. Only if who runs the server confirms this fingerprint, run: ssh-keygen -R" in (
        checked.out + checked.err
    ).replace("\n", " ")

    done = shop.run("sync")
    assert done.code == 1
    assert "instead of SHA256:" in done.out
    assert shop.files() == []

    (shop.folder / "known_hosts").write_text(server.known_as(server.port))
    assert shop.run("check").code == 0
    assert shop.run("sync").code == 0
    assert shop.files() == FILES


def test_a_server_that_is_down_is_tried_again_by_the_next_run(shop: Place, server: Sshd) -> None:
    shop.rewrite(f"port = {server.port}", "port = 1")
    done = shop.run("sync")
    assert done.code == 75
    assert "cannot be reached: connection refused" in done.out
    shop.rewrite("port = 1\n", f"port = {server.port}\n")
    assert shop.run("sync").code == 0
    assert shop.files() == FILES
