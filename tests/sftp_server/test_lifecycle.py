"""Starting, stopping and keeping on: what whoever embeds the server relies on."""

import resource
import socket
import stat
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import paramiko
import pytest

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sftp_server import Limits, SftpServer, Users, host_keys, inherited, listen
from settlement_bridge.store import Store
from tests.conftest import require
from tests.sftp_server.raw import Sftp, is_closed_within
from tests.sftp_server.served import MSN, NAME, Served, new_key, path_of, place, publish, serving, user
from tests.sftp_server.waiting import wait_for

SIZE = 300_000


def stopping(served: Served, grace: float) -> threading.Thread:
    thread = threading.Thread(target=served.server.stop, args=(grace,))
    thread.start()
    return thread


def test_a_transfer_that_is_under_way_comes_to_its_end(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    publish(stocked, place(2000009), bytes(SIZE))
    with serving(stocked, host_keys, [user(NAME, MSN)]) as served:
        busy, idle = Sftp(served.transport()), Sftp(served.transport())
        handle = busy.open(path_of(place(2000009)))
        busy.read(handle, 0, 100_000)
        stop = stopping(served, 20)
        wait_for(lambda: idle.channel.closed)
        assert busy.request(3, named(path_of(place())))[0] == 101
        for offset in range(100_000, SIZE, 100_000):
            assert len(busy.read(handle, offset, 100_000)) == 100_000
        assert busy.close(handle) == 0
        stop.join(10)
        assert not stop.is_alive()
        assert busy.channel.closed
        assert "16655-2000009.xml" in served.archive()


def named(path: str) -> bytes:
    return len(path).to_bytes(4, "big") + path.encode() + (1).to_bytes(4, "big") + bytes(4)


def test_who_does_not_come_to_an_end_is_cut_off(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    with serving(stocked, host_keys, [user(NAME, MSN)]) as served:
        sftp = Sftp(served.transport())
        sftp.open(path_of(place()))
        begun = time.monotonic()
        stopping(served, 1).join(15)
        assert 1 <= time.monotonic() - begun < 8
        assert sftp.channel.closed
        assert served.inbox()


def test_nothing_is_left_of_a_server_that_has_stopped(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    before = threading.active_count()
    with serving(stocked, host_keys, [user(NAME, MSN)]) as served:
        port = served.port
        for _ in range(3):
            Sftp(served.transport())
        served.close()
    wait_for(lambda: threading.active_count() <= before)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_server_that_never_started_can_be_stopped(store: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    SftpServer(store, host_keys, Users()).stop()


def test_a_ceiling_on_connections(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    """Whoever is one too many waits until another leaves."""
    with serving(stocked, host_keys, [user(NAME, MSN)], Limits(connections=2)) as served:
        first, second = served.transport(), served.transport()
        with socket.create_connection(("127.0.0.1", served.port), 5) as third:
            third.settimeout(1)
            with pytest.raises(TimeoutError):
                third.recv(10)
            first.close()
            third.settimeout(10)
            assert third.recv(10).startswith(b"SSH-2.0")
        assert second.is_active()


def test_there_are_files_for_all_connections(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    """A shell and systemd allow 1024, which half of the connections would use up."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    try:
        with serving(stocked, host_keys):
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 2 * 1200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_waits_too_long_is_turned_away(
    stocked: Store, host_keys: Sequence[paramiko.PKey], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(stocked, host_keys, [user(NAME, MSN)], Limits(connections=1, login_grace=0.5)) as served:
        served.transport()
        with socket.create_connection(("127.0.0.1", served.port), 5) as other:
            assert is_closed_within(other, 5)
        wait_for(lambda: "connections turned away: 1" in caplog.text)


def test_ipv6(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    require(Path("/proc/net/if_inet6").exists(), "this needs a machine with IPv6")
    listener = listen("::1", 0)
    server = SftpServer(stocked, host_keys, Users([user(NAME, MSN)]))
    server.start([listener])
    try:
        with paramiko.Transport(socket.create_connection(("::1", server.addresses[0][1]), 5)) as transport:
            transport.connect(username=NAME, pkey=new_key(NAME))
            assert transport.is_authenticated()
    finally:
        server.stop(0)


# Sockets and keys


def test_an_address_that_cannot_be_had_is_named() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(ConfigurationError, match="Address already in use"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ConfigurationError, match=r"nobody can be served at 192\.0\.2\.1 port 22"):
        listen("192.0.2.1", 22)


def test_sockets_of_another_process_are_not_ours() -> None:
    assert inherited({}) == []
    assert inherited({"LISTEN_PID": "1", "LISTEN_FDS": "3"}) == []


def test_host_keys_are_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "ssh"
    first = host_keys(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3
    assert [key.fingerprint for key in host_keys(folder)] == [key.fingerprint for key in first]


def test_two_processes_that_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    made: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: made.append([key.fingerprint for key in host_keys(tmp_path / "ssh")]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert made == [made[0]] * 4
    assert len(list((tmp_path / "ssh").iterdir())) == 3


def test_every_problem_with_host_keys_is_said_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "ssh"
    host_keys(folder)
    (folder / "ssh_host_ed25519_key").chmod(0o640)
    (folder / "ssh_host_ecdsa_key").write_text("nothing\n")
    with pytest.raises(ConfigurationError) as caught:
        host_keys(folder)
    first, second = caught.value.problems
    assert "ssh_host_ed25519_key can be used by others (mode 0640); run: chmod 600" in first
    assert "ssh_host_ecdsa_key is not a private key; restore it from a backup" in second
    folder.chmod(0o755)
    with pytest.raises(ConfigurationError, match=r"can be used by others \(mode 0755\); run: chmod 700"):
        host_keys(folder)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        host_keys(tmp_path / "file" / "ssh")
