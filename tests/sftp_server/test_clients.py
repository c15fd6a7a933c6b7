"""Clients as they are in the wild fetch everything from the real command, byte for byte, and leave the inbox empty."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISDIR

import asyncssh
import paramiko
import pytest

from tests.conftest import require
from tests.sftp_server.house import House, house, installed
from tests.sftp_server.waiting import wait_for

INBOX = "/settlements/inbox"
NODE = Path(__file__).parent / "node"
TIMEOUT = 100


@dataclass(frozen=True)
class Client:
    """One client's user and folder; everything is to be fetched into `got`."""

    house: House
    user: str
    folder: Path

    @property
    def got(self) -> Path:
        return self.folder / "got"

    @property
    def ssh_config(self) -> Path:
        """OpenSSH's clients take a user name with spaces from a configuration file only."""
        path = self.folder / "ssh_config"
        lines = ["Host server", "HostName 127.0.0.1", f"Port {self.house.port}", f'User "{self.user}"']
        lines += [f"IdentityFile {self.house.key}", "IdentitiesOnly yes", "LogLevel ERROR", "BatchMode yes"]
        lines += ["StrictHostKeyChecking accept-new", f"UserKnownHostsFile {self.folder / 'known_hosts'}"]
        path.write_text("\n".join(lines) + "\n")
        return path

    def run(self, *command: str | Path, script: Sequence[str] = ()) -> str:
        """Run a program in the client's folder, with lines to read, and return what it printed."""
        done = subprocess.run(
            list(map(str, command)),
            input="".join(f"{line}\n" for line in script),
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sftp(self, *script: str, options: Sequence[str] = ()) -> None:
        self.run("sftp", "-F", self.ssh_config, *options, "-b", "-", "server", script=script)

    def psftp(self, *script: str) -> None:
        key = self.folder / "key.ppk"
        self.run("puttygen", self.house.key, "-O", "private", "-o", key)
        host_keys: list[str | Path] = [word for one in self.house.host_keys for word in ("-hostkey", one)]
        (self.folder / "script").write_text("".join(f"{line}\n" for line in script))
        login: list[str | Path] = ["-i", key, "-P", str(self.house.port), "-l", self.user, *host_keys]
        self.run("psftp", "-batch", "-b", self.folder / "script", *login, "127.0.0.1")

    def folders(self) -> Iterator[tuple[str, Path]]:
        """Yield every folder of files, and where they go; make these places."""
        for folder in sorted({str(PurePosixPath(path).parent) for path in self.house.tree}):
            (self.got / folder).mkdir(parents=True)
            yield f"{INBOX}/{folder}", self.got / folder

    def log_in(self) -> paramiko.Transport:
        transport = paramiko.Transport(("127.0.0.1", self.house.port))
        transport.connect(username=self.user, pkey=paramiko.Ed25519Key.from_private_key_file(str(self.house.key)))
        return transport


def sftp_get(client: Client) -> None:
    client.sftp(*(f"get {INBOX}/{path} {client.got / path}" for path in _placed(client)))


def sftp_get_tree(client: Client) -> None:
    client.sftp(f"get -R {INBOX} {client.got}")


def sftp_many_requests(client: Client) -> None:
    client.sftp(f"get -R {INBOX} {client.got}", options=["-R", "64"])


def sftp_mget(client: Client) -> None:
    client.sftp(*(line for there, here in client.folders() for line in (f"lcd {here}", f"cd {there}/", "mget *")))


def sftp_reget(client: Client) -> None:
    """Go on with files whose first halves another session has fetched."""
    _fetch_halves(client)
    client.sftp(*(f"reget {INBOX}/{path} {client.got / path}" for path in client.house.tree))


def scp(client: Client) -> None:
    client.run("scp", "-r", "-F", client.ssh_config, f"server:{INBOX}", client.got)


def lftp_mirror(client: Client) -> None:
    """End with another request: lftp leaves, else, without having sent its last CLOSE."""
    connect = f"set sftp:connect-program 'ssh -a -x -F {client.ssh_config}'"
    client.run("lftp", "-c", f"{connect}; set cmd:fail-exit yes; open sftp://server; mirror {INBOX} {client.got}; ls")


def sshfs(client: Client) -> None:
    mounted = client.folder / "mounted"
    mounted.mkdir()
    with subprocess.Popen(["sshfs", "-f", "-F", client.ssh_config, f"server:{INBOX}", mounted]) as process:
        try:
            wait_for(mounted.is_mount)
            client.run("cp", "-r", mounted, client.got)
        finally:
            client.run("umount", mounted)
            process.wait(TIMEOUT)


def psftp_get(client: Client) -> None:
    client.psftp(f"get -r {INBOX} {client.got}")


def psftp_mget(client: Client) -> None:
    client.psftp(*(line for there, here in client.folders() for line in (f"lcd {here}", f"cd {there}/", "mget *")))


def psftp_reget(client: Client) -> None:
    _fetch_halves(client)
    client.psftp(*(f"reget {INBOX}/{path} {client.got / path}" for path in client.house.tree))


def curl(client: Client) -> None:
    files = [word for path in _placed(client) for word in ("-o", client.got / path, _url(client, path))]
    assert client.run(*_curl(client), "--list-only", _url(client, "")).split() == ["csv", "xml"]
    client.run(*_curl(client), *files)


def curl_resuming(client: Client) -> None:
    _fetch_halves(client)
    files = [word for path in client.house.tree for word in ("-o", client.got / path, _url(client, path))]
    client.run(*_curl(client), "--continue-at", "-", *files)


def with_paramiko(client: Client) -> None:
    def fetch(sftp: paramiko.SFTPClient, there: str, here: Path) -> None:
        here.mkdir()
        for entry in sftp.listdir_attr(there):
            if S_ISDIR(entry.st_mode or 0):
                fetch(sftp, f"{there}/{entry.filename}", here / entry.filename)
            else:
                sftp.get(f"{there}/{entry.filename}", str(here / entry.filename))

    with closing(client.log_in()) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp
        fetch(sftp, INBOX, client.got)


def with_asyncssh(client: Client) -> None:
    async def fetch() -> None:
        login = {"username": client.user, "client_keys": [str(client.house.key)], "known_hosts": None, "config": None}
        async with (
            asyncssh.connect("127.0.0.1", client.house.port, **login) as connection,
            connection.start_sftp_client() as sftp,
        ):
            await sftp.get(INBOX, client.got, recurse=True)

    asyncio.run(fetch())


def ssh2_sftp_client(client: Client) -> None:
    login: list[str | Path] = ["127.0.0.1", str(client.house.port), client.user, client.house.key]
    client.run("node", NODE / "fetch.js", *login, INBOX, client.got)


CLIENTS: dict[Callable[[Client], None], tuple[str, ...]] = {
    sftp_get: ("sftp",),
    sftp_get_tree: ("sftp",),
    sftp_many_requests: ("sftp",),
    sftp_mget: ("sftp",),
    sftp_reget: ("sftp",),
    scp: ("scp",),
    lftp_mirror: ("lftp", "ssh"),
    sshfs: ("sshfs", "umount"),
    psftp_get: ("psftp", "puttygen"),
    psftp_mget: ("psftp", "puttygen"),
    psftp_reget: ("psftp", "puttygen"),
    curl: ("curl",),
    curl_resuming: ("curl",),
    with_paramiko: (),
    with_asyncssh: (),
    ssh2_sftp_client: ("node",),
}
"""How everything is fetched, and the programs that it takes."""


def _user(fetch: Callable[[Client], None]) -> str:
    return f"linux hjemme - {fetch.__name__}"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house") / "house", [_user(fetch) for fetch in CLIENTS]) as running:
        assert max(map(len, running.tree.values())) > 1_000_000
        assert len(running.tree) > 10
        yield running


@pytest.mark.parametrize("fetch", CLIENTS, ids=lambda fetch: fetch.__name__)
def test_everything_is_fetched_byte_for_byte_and_the_inbox_is_empty(
    serving: House, tmp_path: Path, fetch: Callable[[Client], None]
) -> None:
    for program in CLIENTS[fetch]:
        require(installed(program), f"{program} is not installed: one client less")
    if fetch is ssh2_sftp_client:
        require((NODE / "node_modules").exists(), f"run npm install --prefix {NODE} to try Node's ssh2-sftp-client")
    client = Client(serving, _user(fetch), tmp_path)
    assert sorted(serving.inbox(client.user)) == sorted(serving.tree)
    fetch(client)
    files = {str(path.relative_to(client.got)): path.read_bytes() for path in client.got.rglob("*") if path.is_file()}
    assert files.keys() == serving.tree.keys()
    assert files == serving.tree
    assert serving.inbox(client.user) == []
    assert sorted(serving.archive(client.user)) == sorted(serving.tree)


def test_the_server_had_nothing_to_complain_of(serving: House) -> None:
    said = (serving.place.folder / "log").read_text()
    assert "Traceback" not in said
    assert "failed" not in said


def _placed(client: Client) -> list[str]:
    """Return the path of every file below the inbox; make the folders that they go to."""
    list(client.folders())
    return list(client.house.tree)


def _fetch_halves(client: Client) -> None:
    with closing(client.log_in()) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp
        for path in _placed(client):
            with sftp.open(f"{INBOX}/{path}") as file:
                (client.got / path).write_bytes(file.read(len(client.house.tree[path]) // 2))
    assert sorted(client.house.inbox(client.user)) == sorted(client.house.tree)


def _curl(client: Client) -> list[str | Path]:
    key = client.house.key
    login: list[str | Path] = [
        "--user",
        f"{client.user}:",
        "--key",
        key,
        "--pubkey",
        key.with_suffix(".pub"),
        "--insecure",
    ]
    return ["curl", "--silent", "--show-error", "--fail", *login]


def _url(client: Client, path: str) -> str:
    return f"sftp://127.0.0.1:{client.house.port}{INBOX}/{path}"
