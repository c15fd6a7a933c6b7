"""Who gets in, who stays in, and what is said of it."""

import logging
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from settlement_bridge.sftp_server import Limits, Users
from settlement_bridge.store import Store, View
from tests.sftp_server.raw import FAILURE, PK_OK, SUCCESS, Sftp, is_closed_within, logging_in
from tests.sftp_server.served import MSN, NAME, OTHER, THEIRS, Served, new_key, path_of, place, serving, user
from tests.sftp_server.waiting import wait_for


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    yield caplog
    for record in caplog.records:
        assert record.name != "paramiko" and not record.name.startswith("paramiko."), record.getMessage()
        if record.name == "settlement_bridge.sftp_server":
            assert record.getMessage().isprintable(), repr(record.getMessage())
            assert record.getMessage().isascii()
            assert record.exc_info is None


def said(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.name == "settlement_bridge.sftp_server"]


# Keys


@pytest.mark.parametrize(
    "arguments",
    [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384"), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")],
    ids="-".join,
)
def test_the_kinds_of_keys_that_open(
    stocked: Store, host_keys: Sequence[paramiko.PKey], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    kind, *options = arguments
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-f", str(tmp_path / "key")], check=True, timeout=60
    )
    key = paramiko.PKey.from_path(tmp_path / "key")
    with serving(stocked, host_keys, [user(NAME, MSN, keys=[key])]) as served:
        assert served.client(key=key).listdir("/settlements") == ["archive", "inbox"]


def test_rsa_signs_with_sha2_only(stocked: Store, host_keys: Sequence[paramiko.PKey], tmp_path: Path) -> None:
    """OpenSSH's client, told to sign with SHA-1, does not get in, and is told why by the kinds the server names."""
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", str(tmp_path / "key")], check=True, timeout=60)
    key = paramiko.PKey.from_path(tmp_path / "key")
    with serving(stocked, host_keys, [user(NAME, MSN, keys=[key])]) as served, logging_in(served.port) as login:
        message = login.request(NAME, "publickey").add_boolean(False).add_string("ssh-rsa").add_string(key)
        assert login.ask(message)[0] == FAILURE
        message = login.request(NAME, "publickey").add_boolean(False).add_string("rsa-sha2-256").add_string(key)
        assert login.ask(message)[0] == PK_OK


def test_one_key_may_serve_several_users(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    key = new_key("shared")
    users = [user(NAME, MSN, keys=[key]), user(OTHER, THEIRS, keys=[key])]
    with serving(stocked, host_keys, users) as served:
        for name, msn in ((NAME, MSN), (OTHER, THEIRS)):
            assert served.client(name, key).listdir("/settlements/inbox/xml/998724341") == [msn]


def test_keys_of_unknown_kinds_are_passed_over(served: Served) -> None:
    """An agent offers whatever it holds; what the server cannot use is one try of several, and not the last."""
    with logging_in(served.port) as login:
        for algorithm in ("ssh-dss", "sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa"):
            request = login.request(NAME, "publickey").add_boolean(False).add_string(algorithm).add_string(b"x" * 40)
            assert login.ask(request)[0] == FAILURE
        assert login.sign(NAME, new_key(NAME))[0] == SUCCESS


# Answers


def test_nobody_learns_which_users_there_are(served: Served) -> None:
    answers = []
    for name in (NAME, "nobody"):
        with logging_in(served.port) as login:
            answers.append(
                [
                    login.probe(name, new_key("wrong")),
                    login.sign(name, new_key("wrong")),
                    login.ask(login.request(name, "none")),
                    login.ask(login.request(name, "password").add_boolean(False).add_string("secret")),
                ]
            )
    assert answers[0] == answers[1]
    assert all(kind == FAILURE and b"publickey" in content for kind, content in answers[0])


def test_a_signature_is_checked(served: Served) -> None:
    with logging_in(served.port) as login:
        assert login.probe(NAME, new_key(NAME))[0] == PK_OK
        assert login.sign(NAME, new_key(NAME), wrongly=True)[0] == FAILURE
        assert login.sign(NAME, new_key(OTHER))[0] == FAILURE


def test_six_tries_and_the_first_question_is_free(served: Served) -> None:
    with logging_in(served.port) as login:
        assert login.ask(login.request(NAME, "none"))[0] == FAILURE
        kinds = [login.probe(NAME, new_key(f"wrong {number}"))[0] for number in range(5)]
        assert kinds == [FAILURE] * 5
        assert login.sign(NAME, new_key(NAME))[0] == SUCCESS
    with logging_in(served.port) as login:
        kinds = [login.probe(NAME, new_key(f"wrong {number}"))[0] for number in range(6)]
        assert kinds == [FAILURE] * 6
        assert login.sign(NAME, new_key(NAME))[0] == 0


@pytest.mark.parametrize("method", ["none", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic"])
def test_other_ways_in_are_tries_too(served: Served, method: str) -> None:
    with logging_in(served.port) as login:
        kinds = [login.ask(login.request(NAME, method).add_string("").add_string(""))[0] for _ in range(8)]
    assert kinds.count(FAILURE) in (6, 7)
    assert kinds[-1] == 0


# Who stays


def test_a_user_who_is_removed_has_to_go_at_once(served: Served) -> None:
    sftp = Sftp(served.transport())
    served.server.reload(Users([user(OTHER, THEIRS)]))
    wait_for(lambda: sftp.channel.closed, 3)


def test_a_key_that_is_revoked_has_to_go_whoever_else_stays(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    both = [new_key("old"), new_key("new")]
    with serving(stocked, host_keys, [user(NAME, MSN, keys=both)]) as served:
        old, new = Sftp(served.transport(key=both[0])), Sftp(served.transport(key=both[1]))
        served.server.reload(Users([user(NAME, MSN, keys=both[1:])]))
        wait_for(lambda: old.channel.closed, 3)
        assert new.open(path_of(place()))


def test_only_the_key_that_signed_counts(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    """A key that was only asked about, though it would do, is not the one the session stands on."""
    both = [new_key("asked"), new_key("signed")]
    with serving(stocked, host_keys, [user(NAME, MSN, keys=both)]) as served, logging_in(served.port) as login:
        assert login.probe(NAME, both[0])[0] == PK_OK
        assert login.sign(NAME, both[1])[0] == SUCCESS
        served.server.reload(Users([user(NAME, MSN, keys=both[1:])]))
        time.sleep(1.2)
        assert login.transport.is_active()
        served.server.reload(Users([user(NAME, MSN, keys=both[:1])]))
        wait_for(lambda: not login.transport.is_active(), 3)


def test_what_a_user_may_see_changes_at_once(served: Served) -> None:
    sftp = Sftp(served.transport())
    handle = sftp.open(path_of(place()))
    assert sftp.read(handle, 0, 10)
    now = user(NAME, MSN)
    served.server.reload(Users([replace(now, view=View(NAME, frozenset(["csv"]), frozenset([THEIRS])))]))
    assert sftp.status(5, sftp_read(handle)) == 2
    assert sftp.status(17, sftp_path(path_of(place()))) == 2


def sftp_read(handle: bytes) -> bytes:
    return len(handle).to_bytes(4, "big") + handle + bytes(8) + (100).to_bytes(4, "big")


def sftp_path(path: str) -> bytes:
    return len(path).to_bytes(4, "big") + path.encode()


# What is said


def test_a_login_and_its_end_are_a_line_each(served: Served, log: pytest.LogCaptureFixture) -> None:
    transport = served.transport()
    port = transport.sock.getsockname()[1]  # type: ignore[union-attr]
    transport.close()
    wait_for(lambda: len(said(log)) == 2)
    assert (served.server.tally.failed_logins, served.server.tally.logins) == (0, 1)
    assert said(log) == [
        f'login of user "{NAME}" from 127.0.0.1 port {port}',
        f'end of the session of user "{NAME}" from 127.0.0.1 port {port}',
    ]


def test_a_failed_login_is_one_line_with_address_and_reason(served: Served, log: pytest.LogCaptureFixture) -> None:
    with logging_in(served.port) as login:
        for number in range(6):
            login.probe("root", new_key(f"wrong {number}"))
    wait_for(lambda: said(log))
    (line,) = said(log)
    fingerprint = new_key("wrong 5").fingerprint
    assert (served.server.tally.failed_logins, served.server.tally.logins) == (1, 0)
    why = f'ssh-ed25519 {fingerprint} is not a key of user "root"'
    assert re.fullmatch(rf"failed login from 127\.0\.0\.1 port [0-9]+: {re.escape(why)}", line)


@pytest.mark.parametrize(
    "name",
    ["x\nfailed login from 1.2.3.4 port 5: y", 'x" from 1.2.3.4', "\x1b[31m", "ø\u202e", "x" * 5000, "\0", "%s%d"],
    ids=ascii,
)
def test_what_strangers_write_is_escaped_and_cut(served: Served, log: pytest.LogCaptureFixture, name: str) -> None:
    with logging_in(served.port) as login:
        assert login.sign(name, new_key("wrong"))[0] == FAILURE
    wait_for(lambda: said(log))
    (line,) = said(log)
    assert line.startswith("failed login from 127.0.0.1 port ")
    assert line.count('"') == 2
    assert len(line) < 600


@pytest.mark.parametrize(
    "greeting",
    [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"SSH-1.5-x\r\n", b"\xff" * 300 + b"\r\n"],
    ids=["nothing", "http", "tls", "ssh 1", "no text"],
)
def test_a_port_scan_is_a_line_at_most(served: Served, log: pytest.LogCaptureFixture, greeting: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(greeting)
        time.sleep(0.1)
    wait_for(lambda: said(log))
    (line,) = said(log)
    assert line.startswith("no login from 127.0.0.1 port ")


def test_many_scans_at_once_leave_nothing_but_lines(
    stocked: Store, host_keys: Sequence[paramiko.PKey], log: pytest.LogCaptureFixture
) -> None:
    """No thread ends by an exception: pytest fails a test of which one does."""
    with serving(stocked, host_keys) as served:

        def scan() -> None:
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\n" * 200)
                    is_closed_within(connection, 10)

        threads = [threading.Thread(target=scan) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        wait_for(lambda: len(said(log)) == 80)
        assert all(line.startswith("no login from 127.0.0.1 port ") for line in said(log))


def test_who_takes_too_long_is_named(
    stocked: Store, host_keys: Sequence[paramiko.PKey], log: pytest.LogCaptureFixture
) -> None:
    with serving(stocked, host_keys, limits=Limits(login_grace=0.3)) as served, logging_in(served.port) as login:
        wait_for(lambda: not login.transport.is_active(), 5)
        wait_for(lambda: said(log))
        assert said(log)[0].endswith(": not logged in after 0.3 s")


# Algorithms


def test_what_is_offered(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(b"SSH-2.0-test\r\n")
        with connection.makefile("rb") as stream:
            stream.readline()
            received = stream.read(int.from_bytes(stream.read(4), "big"))
    message = paramiko.Message(received[18:])
    offered = {name for _ in range(10) for name in message.get_list()}
    assert {"aes128-gcm@openssh.com", "aes256-ctr", "hmac-sha2-256-etm@openssh.com", "rsa-sha2-512"} <= offered
    assert {"ecdh-sha2-nistp256", "diffie-hellman-group16-sha512", "ssh-ed25519", "none"} <= offered
    bad = re.compile("cbc|sha1|md5|dss|group1-|group14|exchange|3des|arcfour|zlib|^ssh-rsa$")
    assert [name for name in offered if bad.search(name)] == []


def test_the_kinds_of_host_keys(host_keys: Sequence[paramiko.PKey]) -> None:
    assert [key.get_name() for key in host_keys] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
    assert host_keys[2].get_bits() == 3072
