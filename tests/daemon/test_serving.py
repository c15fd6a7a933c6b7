"""The SFTP server inside the daemon, with OpenSSH's own client."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, served
from tests.conftest import require
from tests.daemon.running import Running, daemon, eventually
from tests.daemon.test_health import numbers
from tests.publish.sshd import make_key

DAYS = 3
NAME = "import"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A webshop whose files are served to one user."""
    require(shutil.which("sftp"), "install openssh-client")
    with served(tmp_path / "shop", scenario("webshop", days=DAYS)) as place:
        make_key(place.folder / "key")
        make_key(place.folder / "other")
        server = f'[sftp_server]\nlisten = "127.0.0.1:0"\n\n[[sftp_server.users]]\nname = "{NAME}"\n'
        server += 'authorized_keys_file = "key.pub"\nsales_units = ["*"]\n\n[[destinations]]'
        place.rewrite("[[destinations]]", server)
        yield place


def sftp(place: Place, running: Running, *commands: str, key: str = "key") -> "subprocess.CompletedProcess[str]":
    options = "IdentitiesOnly=yes LogLevel=ERROR StrictHostKeyChecking=accept-new UserKnownHostsFile=known_hosts"
    line = ["sftp", "-b", "-", "-i", key, "-P", str(running.event("sftp_serving")["port"])]
    line += [part for option in options.split() for part in ("-o", option)]
    return subprocess.run(
        [*line, f"{NAME}@127.0.0.1"],
        input="".join(f"{command}\n" for command in commands),
        check=False,
        capture_output=True,
        text=True,
        cwd=place.folder,
        timeout=60,
    )


def without_server(place: Place) -> None:
    text = place.config.read_text(encoding="utf-8")
    begin, end = text.index("[sftp_server]"), text.index("[[destinations]]")
    place.config.write_text(text[:begin] + text[end:], encoding="utf-8")


def test_what_it_settles_it_serves(shop: Place) -> None:
    with daemon(shop) as running:
        running.event("waiting")
        done = sftp(shop, running, "get settlements/inbox/xml/*/*/*")
        assert (done.returncode, done.stderr) == (0, "")
        published = {path.name: path.read_bytes() for path in shop.published.rglob("*.xml")}
        assert {path.name: path.read_bytes() for path in shop.folder.glob("*.xml")} == published
        assert len(published) == DAYS
        assert running.stop() == 0
    fetched = shop.run("inbox", NAME, "--json").json
    assert (len(fetched["inbox"]), len(fetched["archive"])) == (0, DAYS)


def test_its_users_are_reloaded_with_the_rest_or_not_at_all(shop: Place) -> None:
    with daemon(shop) as running:
        running.event("waiting")
        assert sftp(shop, running, "ls", key="other").returncode != 0
        shop.rewrite('"key.pub"', '"other.pub"')
        shop.rewrite("[[destinations]]", "[schedule]\nnonsense = 1\n[[destinations]]")
        running.send(signal.SIGHUP)
        running.event("reload_refused")
        assert sftp(shop, running, "ls", key="other").returncode != 0
        assert sftp(shop, running, "ls").returncode == 0
        shop.rewrite("nonsense = 1\n", "")
        running.send(signal.SIGHUP)
        running.event("reloaded")
        assert sftp(shop, running, "ls", key="other").returncode == 0
        assert sftp(shop, running, "ls").returncode != 0
        shop.rewrite('"127.0.0.1:0"', '"127.0.0.2:0"')
        running.send(signal.SIGHUP)
        assert "need a restart" in running.event("reload_refused", 2)["reason"]
        assert running.stop() == 0


def test_it_can_come_and_go_with_a_reload(shop: Place) -> None:
    text = shop.config.read_text(encoding="utf-8")
    without_server(shop)
    with daemon(shop) as running:
        running.event("waiting")
        assert not running.events("sftp_serving")
        shop.config.write_text(text, encoding="utf-8")
        running.send(signal.SIGHUP)
        running.event("waiting", 2)
        assert len(sftp(shop, running, "ls -1 settlements/inbox/xml/*/*").stdout.splitlines()) == 1 + DAYS
        without_server(shop)
        running.send(signal.SIGHUP)
        running.event("reloaded", 2)
        eventually(lambda: sftp(shop, running, "ls").returncode != 0)
        assert running.stop() == 0


def test_systemd_may_open_its_port_and_a_reload_takes_it_up_again(shop: Place) -> None:
    require(shutil.which("systemd-socket-activate"), "install systemd to have it open a port")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = ["HOME", "TZ", "NOTIFY_SOCKET", "SETTLEMENT_BRIDGE_DAEMON__LOG_FORMAT", "SETTLEMENT_BRIDGE_HEALTH__PORT"]
    below = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", *(part for name in kept for part in ("-E", name))]
    with daemon(shop, below=below) as running:
        eventually(lambda: any("Listening on" in line for line in running.lines))
        socket.create_connection(("127.0.0.1", port)).close()
        assert running.event("sftp_serving")["port"] == port
        assert sftp(shop, running, "ls").returncode == 0
        with_server = shop.config.read_text(encoding="utf-8")
        without_server(shop)
        running.send(signal.SIGHUP)
        running.event("reloaded")
        shop.config.write_text(with_server, encoding="utf-8")
        running.send(signal.SIGHUP)
        running.event("reloaded", 2)
        assert running.event("sftp_serving", 2)["port"] == port
        assert sftp(shop, running, "ls").returncode == 0
        assert running.stop() == 0


def test_logins_are_counted(shop: Place) -> None:
    def logins() -> dict[str, float]:
        return {name.split()[1]: number for name, number in numbers(running).items() if "sftp_logins_total" in name}

    with daemon(shop) as running:
        running.event("sftp_serving")
        eventually(lambda: logins() == {"accepted": 0, "failed": 0, "turned_away": 0})
        assert [sftp(shop, running, "ls").returncode for _ in range(2)] == [0, 0]
        assert sftp(shop, running, "ls", key="other").returncode != 0
        eventually(lambda: logins() == {"accepted": 2, "failed": 1, "turned_away": 0})
        without_server(shop)
        running.send(signal.SIGHUP)
        running.event("reloaded")
        eventually(lambda: logins() == {})
        assert running.stop() == 0


def test_a_taken_address_is_said(shop: Place) -> None:
    with daemon(shop) as running:
        port = running.event("sftp_serving")["port"]
        shop.rewrite('"127.0.0.1:0"', f'"127.0.0.1:{port}"')
        refused = shop.run("run", SETTLEMENT_BRIDGE_HEALTH__PORT="0")
        assert refused.code == 78
        assert f"nobody can be served at 127.0.0.1 port {port}" in refused.err
        assert running.stop() == 0
