"""The real command serves a real client, and puts back what it fetched."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, command_line, environment, served
from tests.cli.conftest import DAYS
from tests.publish.sshd import make_key
from tests.sftp_server.waiting import wait_for

NAME = "linux hjemme - stor PC"
FILES = [f"100716-{2000001 + day}.xml" for day in range(DAYS)]


@dataclass
class Running:
    """The command under way, and a client that knows its way there."""

    place: Place
    process: subprocess.Popen[str]
    log: Path
    port: int = 0

    def sftp(self, *commands: str, key: str = "key") -> subprocess.CompletedProcess[str]:
        # OpenSSH's client takes a name with spaces from a configuration file only.
        lines = [f'User "{NAME}"', f"Port {self.port}", f"IdentityFile {key}", "IdentitiesOnly yes", "LogLevel ERROR"]
        lines += ["StrictHostKeyChecking accept-new", "UserKnownHostsFile known_hosts"]
        (self.place.folder / "ssh_config").write_text("\n".join(lines) + "\n")
        return subprocess.run(
            ["sftp", "-F", "ssh_config", "-b", "-", "127.0.0.1"],
            input="".join(f"{command}\n" for command in commands),
            check=False,
            capture_output=True,
            text=True,
            cwd=self.place.folder,
            timeout=60,
        )

    def said(self) -> str:
        return self.log.read_text()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A webshop whose files are served to one user."""
    with served(tmp_path / "shop", scenario("webshop", days=DAYS)) as place:
        make_key(place.folder / "key")
        server = f'[sftp_server]\nlisten = "127.0.0.1:0"\n\n[[sftp_server.users]]\nname = "{NAME}"\n'
        server += 'authorized_keys_file = "key.pub"\nsales_units = ["*"]\n\n[[destinations]]'
        place.rewrite("[[destinations]]", server)
        yield place


@contextmanager
def running(place: Place) -> Iterator[Running]:
    log = place.folder / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            command_line("--config", place.config, "serve"),
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env=environment(),
        ) as process,
    ):
        try:
            assert process.stdout
            found = re.match(r"Serving at 127\.0\.0\.1 port ([0-9]+) until Ctrl-C\.", process.stdout.readline())
            assert found, log.read_text()
            yield Running(place, process, log, int(found[1]))
        finally:
            process.kill()


def test_a_job_fetches_what_a_sync_has_published(shop: Place) -> None:
    assert shop.run("sync").code == 0
    with running(shop) as server:
        done = server.sftp("get settlements/inbox/xml/*/100716/*", "ls -1 settlements/inbox")
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(path.name for path in shop.folder.glob("1*.xml")) == FILES
        for path in shop.published.rglob("*.xml"):
            assert (shop.folder / path.name).read_bytes() == path.read_bytes()
        assert done.stdout.endswith("sftp> ls -1 settlements/inbox\n")

        listed = shop.run("inbox", NAME, "--json").json
        assert listed["inbox"] == []
        assert [Path(one["path"]).name for one in listed["archive"]] == FILES

        restored = shop.run("inbox", NAME, "--restore", "100716-200000[12].xml")
        assert restored.code == 0
        assert [line.split()[0].split("/")[-1] for line in restored.out.splitlines()] == FILES[:2]
        again = server.sftp("ls -1 settlements/inbox/xml/*/*")
        assert [Path(line).name for line in again.stdout.splitlines()[1:]] == FILES[:2]
        assert shop.run("inbox", NAME).out.splitlines()[-1] == "2 files in the inbox, 3 in the archive"


def test_what_is_synced_while_it_serves_appears(shop: Place) -> None:
    with running(shop) as server:
        assert server.sftp("ls settlements/inbox").stdout == "sftp> ls settlements/inbox\n"
        assert shop.run("sync").code == 0
        assert len(server.sftp("ls -1 settlements/inbox/xml/*/*").stdout.splitlines()) == 1 + DAYS


def test_its_own_keys_are_made_once(shop: Place) -> None:
    for _ in range(2):
        with running(shop) as server:
            assert server.sftp("ls").returncode == 0, "the server has changed its key"
    folder = shop.folder / "ssh"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        f"ssh_host_{kind}_key": 0o600 for kind in ("ed25519", "ecdsa", "rsa")
    }


def test_sighup_reads_the_users_again_or_keeps_them(shop: Place) -> None:
    make_key(shop.folder / "new")
    with running(shop) as server:
        assert server.sftp("ls").returncode == 0
        shop.rewrite('"key.pub"', '"new.pub"')
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the configuration was read again: 1 user" in server.said())
        assert server.sftp("ls").returncode == 255
        assert server.sftp("ls", key="new").returncode == 0

        shop.rewrite('"new.pub"', '"missing.pub"')
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the users stay as they were" in server.said())
        assert "missing.pub does not exist" in server.said()
        assert server.sftp("ls", key="new").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_told(shop: Place, number: signal.Signals) -> None:
    with running(shop) as server, socket.create_connection(("127.0.0.1", server.port)) as idle:
        assert idle.recv(100).startswith(b"SSH-2.0-settlement-bridge\r\n")
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.said()


def test_an_address_that_is_taken(shop: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        shop.rewrite("127.0.0.1:0", f"127.0.0.1:{taken.getsockname()[1]}")
        done = shop.run("serve")
    assert done.code == 78
    assert "nobody can be served at 127.0.0.1 port" in done.err
    assert "(Address already in use); stop who listens there, or set another listen" in done.err
    assert "stopped" not in done.err, "what never began"


def test_host_keys_that_others_can_read_are_refused(shop: Place) -> None:
    with running(shop):
        pass
    (shop.folder / "ssh" / "ssh_host_rsa_key").chmod(0o640)
    (shop.folder / "ssh" / "ssh_host_ecdsa_key").write_text("no key\n")
    done = shop.run("serve")
    assert done.code == 78
    assert "ssh_host_rsa_key can be used by others (mode 0640); run: chmod 600" in done.err
    assert "ssh_host_ecdsa_key is not a private key; restore it from a backup" in done.err


def test_check_looks_at_the_server_and_makes_nothing(shop: Place) -> None:
    found = {one["what"]: one for one in shop.run("check", "--json").json["findings"]}
    assert found["SFTP server"]["sentence"] == "users: 1, at 127.0.0.1 port 0; its keys are made when it starts"
    assert found["destination sftp-server"]["ok"]
    assert not (shop.folder / "ssh").exists()
    with running(shop):
        pass
    (shop.folder / "ssh" / "ssh_host_rsa_key").chmod(0o644)
    done = shop.run("check")
    assert done.code == 78
    assert "ssh_host_rsa_key can be used by others" in done.out + done.err


def test_there_is_nothing_to_serve_without_a_server(webshop: Place) -> None:
    done = webshop.run("serve")
    assert done.code == 78
    assert "there is no [sftp_server]; add it" in done.err


def test_an_unknown_user_has_no_inbox(shop: Place) -> None:
    done = shop.run("inbox", "linux")
    assert (done.code, done.out) == (1, "")
    assert done.err == (f'settlement-bridge: there is no user "linux" in [[sftp_server.users]]; there are: "{NAME}"\n')


def test_nothing_put_back_is_a_failure(shop: Place) -> None:
    done = shop.run("inbox", NAME, "--restore", "*")
    assert done.code == 1
    assert f"no file in the archive of \"{NAME}\" matches '*'" in done.err


def test_systemd_may_open_the_socket(shop: Place) -> None:
    """A process that is started with a listening socket as its third file serves there, whatever `listen` says."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = (
            "import os, sys; "
            f"os.dup2({listener.fileno()}, 3); os.set_inheritable(3, True); "
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = [command_line()[0], "-c", code, *command_line("--config", shop.config, "serve")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment(), pass_fds=[listener.fileno()]
        ) as process:
            try:
                assert process.stdout
                assert f"port {port} until Ctrl-C" in process.stdout.readline()
                assert Running(shop, process, shop.folder / "log", port).sftp("ls").returncode == 0
            finally:
                process.kill()
