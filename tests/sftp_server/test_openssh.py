"""The server as OpenSSH's client finds it."""

import re
import subprocess
from pathlib import Path

import paramiko
import pytest

from settlement_bridge.sftp_server.packetizer import Packetizer
from settlement_bridge.sftp_server.transport import Transport
from settlement_bridge.store import Store
from tests.sftp_server.conftest import CONTENT
from tests.sftp_server.served import MSN, NAME, NOON, ORGANIZATION, OpenSsh, Served, place, publish
from tests.sftp_server.waiting import wait_for

FOLDER = f"/settlements/inbox/xml/{ORGANIZATION}/{MSN}"


@pytest.fixture
def client(openssh: OpenSsh, served: Served) -> OpenSsh:
    openssh.write(served)
    return openssh


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what was said, without the prompts."""
    return [line for line in done.stdout.splitlines() if not line.startswith("sftp> ")]


def test_the_tree_is_that_of_the_retired_service(client: OpenSsh) -> None:
    done = client.run("pwd", "ls -1 /", "ls -1 /settlements", "ls -1 settlements/inbox/", f"ls -1 {FOLDER}")
    assert done.returncode == 0, done.stderr
    assert lines(done) == [
        "Remote working directory: /",
        "/settlements",
        "/settlements/archive",
        "/settlements/inbox",
        "settlements/inbox/csv",
        "settlements/inbox/xml",
        f"{FOLDER}/16655-2000001.xml",
        f"{FOLDER}/16655-2000002.xml",
    ]


def test_a_long_listing_tells_files_from_folders_and_has_true_sizes_and_times(client: OpenSsh) -> None:
    done = client.run(f"ls -l {FOLDER}", "ls -l /settlements", "ls -ln settlements/inbox/csv/*/*")
    assert done.returncode == 0, done.stderr
    file, _, archive, inbox, *numeric = lines(done)
    assert re.fullmatch(rf"-rw-r--r-- +1 bridge +bridge +{len(CONTENT) + 7} Nov  2 12:30 .*16655-2000001\.xml", file)
    assert re.fullmatch(r"drwxr-xr-x .* archive", archive)
    assert re.fullmatch(r"drwxr-xr-x .* Nov  2 12:30 .*inbox", inbox)
    assert all(re.match(r"-rw-r--r-- +\S+ +0 +0 +11 ", line) for line in numeric[-2:])


def test_what_is_fetched_moves_to_the_archive(client: OpenSsh, served: Served) -> None:
    done = client.run(f"cd {FOLDER}/", "get 16655-2000001.xml", "ls -1", "ls -1 /settlements/archive/*/*/*/*")
    assert done.returncode == 0, done.stderr
    assert (client.folder / "16655-2000001.xml").read_bytes() == CONTENT + b"2000001"
    assert lines(done)[-2:] == ["16655-2000002.xml", f"/settlements/archive/xml/{ORGANIZATION}/{MSN}/16655-2000001.xml"]
    assert served.archive() == ["16655-2000001.xml"]


@pytest.mark.parametrize("options", [(), ("-R", "64"), ("-B", "1000"), ("-B", "262144"), ("-C",)], ids=" ".join)
def test_a_whole_tree_is_fetched_byte_for_byte(client: OpenSsh, served: Served, options: tuple[str, ...]) -> None:
    done = client.run("get -pR settlements/inbox copy", options=options)
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(client.folder)): path for path in client.folder.rglob("1*.*")}
    assert set(files) == {
        f"copy/{extension}/{ORGANIZATION}/{MSN}/{MSN}-{payout}.{extension}"
        for extension in ("xml", "csv")
        for payout in (2000001, 2000002)
    }
    xml = files[f"copy/xml/{ORGANIZATION}/{MSN}/{MSN}-2000002.xml"]
    assert xml.read_bytes() == CONTENT + b"2000002"
    assert xml.stat().st_mtime == NOON.timestamp()
    assert (served.store.documents.published(place(msn="123456")) is not None, len(served.archive())) == (True, 4)


def test_globs_fetch_many(client: OpenSsh, served: Served) -> None:
    done = client.run("mget settlements/inbox/xml/*/*/16655-*.xml")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in client.folder.glob("*.xml")) == ["16655-2000001.xml", "16655-2000002.xml"]
    assert served.inbox() == ["16655-2000001.csv", "16655-2000002.csv", "123456-2000001.xml", "123456-2000002.xml"]


def test_folders_that_become_empty_are_gone(client: OpenSsh) -> None:
    done = client.run(
        "get settlements/inbox/csv/*/*/*", "ls -1 settlements/inbox", "-ls settlements/inbox/csv", "ls settlements"
    )
    assert done.returncode == 0
    assert "settlements/inbox/csv" not in done.stdout.split("sftp> ")[2]
    assert "not found" in done.stderr


def test_rm_archives_in_the_inbox_and_is_refused_in_the_archive(client: OpenSsh, served: Served) -> None:
    archived = FOLDER.replace("inbox", "archive") + "/16655-2000001.xml"
    done = client.run(f"rm {FOLDER}/16655-2000001.xml", f"-rm {archived}", f"get {archived}")
    assert done.returncode == 0, done.stderr
    assert "Permission denied" in done.stderr
    assert served.archive() == ["16655-2000001.xml"]
    assert (client.folder / "16655-2000001.xml").read_bytes() == CONTENT + b"2000001"


@pytest.mark.parametrize(
    "command",
    [
        "put key settlements/inbox/key",
        f"put key {FOLDER}/16655-2000001.xml",
        "mkdir settlements/inbox/new",
        "rmdir settlements/inbox/xml",
        f"rename {FOLDER}/16655-2000001.xml {FOLDER}/other.xml",
        f"chmod 600 {FOLDER}/16655-2000001.xml",
        f"symlink /etc/passwd {FOLDER}/link",
        "df",
    ],
)
def test_nothing_can_be_written(client: OpenSsh, served: Served, command: str) -> None:
    before = served.inbox()
    done = client.run(command)
    assert done.returncode == 1
    assert re.search("denied|does not support|Operation unsupported|not supported", done.stderr), done.stderr
    assert served.inbox() == before


def test_a_transfer_cut_short_stays_and_is_resumed(openssh: OpenSsh, served: Served, stocked: Store) -> None:
    """The first client is killed half-way; the second goes on where it stopped, and has then fetched it all."""
    content = bytes(range(256)) * 8 * 1024 * 2
    publish(stocked, place(2000009), content)
    openssh.write(served)
    slow = subprocess.Popen(
        ["sftp", "-q", "-F", "ssh_config", "-l", "8000", "-b", "-", "server"],
        stdin=subprocess.PIPE,
        cwd=openssh.folder,
        text=True,
    )
    local = openssh.folder / "16655-2000009.xml"
    try:
        assert slow.stdin
        slow.stdin.write(f"get {FOLDER}/{local.name}\n")
        slow.stdin.flush()
        wait_for(lambda: local.exists() and local.stat().st_size > 300_000)
    finally:
        slow.kill()
        slow.communicate()
    assert local.stat().st_size < len(content)
    assert local.name in served.inbox()

    done = openssh.run(f"reget {FOLDER}/{local.name}")
    assert done.returncode == 0, done.stderr
    assert local.read_bytes() == content
    assert local.name in served.archive()


def test_scp_speaks_sftp(client: OpenSsh, served: Served, tmp_path: Path) -> None:
    source = f"server:{FOLDER}/16655-2000001.xml"
    command = ["scp", "-q", "-F", str(client.folder / "ssh_config"), source, str(tmp_path / "got.xml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got.xml").read_bytes() == CONTENT + b"2000001"
    assert served.archive(NAME) == ["16655-2000001.xml"]


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for every time that new keys come into force."""
    counted: list[int] = []
    original = Transport._parse_newkeys

    def count(transport: Transport, message: paramiko.Message) -> None:
        counted.append(1)
        original(transport, message)

    monkeypatch.setattr(Transport, "_parse_newkeys", count)
    return counted


@pytest.mark.parametrize("limit", ["1K", "64K", "1M"])
def test_new_keys_in_the_middle_leave_the_bytes_alone(
    openssh: OpenSsh, served: Served, stocked: Store, limit: str, exchanges: list[int]
) -> None:
    content = bytes(range(256)) * 8 * 1024
    publish(stocked, place(2000009), content)
    openssh.write(served, NAME, f"RekeyLimit {limit}")
    done = openssh.run(f"get {FOLDER}/16655-2000009.xml")
    assert done.returncode == 0, done.stderr
    assert (openssh.folder / "16655-2000009.xml").read_bytes() == content
    assert served.archive() == ["16655-2000009.xml"]
    assert len(exchanges) >= 2


@pytest.mark.parametrize("size", [1 << 10, 64 << 10, 1 << 20], ids=["1K", "64K", "1M"])
def test_new_keys_that_the_server_asks_for_leave_the_bytes_alone(
    openssh: OpenSsh,
    served: Served,
    stocked: Store,
    size: int,
    exchanges: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It asks after half a GiB; here sooner, with requests of the client under way."""
    monkeypatch.setattr(Packetizer, "REKEY_BYTES", size)
    content = bytes(range(256)) * 8 * 1024
    publish(stocked, place(2000009), content)
    openssh.write(served)
    done = openssh.run(f"get {FOLDER}/16655-2000009.xml", options=["-R", "64"])
    assert done.returncode == 0, done.stderr
    assert (openssh.folder / "16655-2000009.xml").read_bytes() == content
    assert served.archive() == ["16655-2000009.xml"]
    assert len(exchanges) >= 2
