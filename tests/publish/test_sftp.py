"""What an SFTP server may be like, and what is said of it (faults 25 and 27)."""

import logging
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from settlement_bridge.errors import ConfigurationError, DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.destination import Destination, Outcome
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.sftp import SftpDestination
from tests.conftest import require
from tests.publish.conftest import CONTENT, PATH, deliver, seal_and_drop
from tests.publish.cutting_proxy import CuttingProxy
from tests.publish.sshd import Sshd, make_key, sshd

UNREACHABLE = "cannot be reached"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "destination"
    made.mkdir()
    return made


def fingerprint(public_key: Path) -> str:
    shown = subprocess.run(["ssh-keygen", "-lf", public_key], check=True, capture_output=True, text=True, timeout=20)
    return shown.stdout.split()[1]


def attempt(destination: Destination) -> None:
    """Deliver, and clean up after a failure as the bridge does."""
    draft = destination.draft(PATH)
    try:
        draft.stream.write(CONTENT)
        draft.seal()
    except BaseException:
        draft.discard()
        raise
    draft.publish()


def nothing_sent(folder: Path) -> bool:
    return list(folder.iterdir()) == []


# Host keys


def test_an_unknown_host_key_is_shown_with_the_command_that_accepts_it(openssh: Sshd, folder: Path) -> None:
    known = folder.parent / "known hosts"
    for door in (attempt, SftpDestination.check, lambda destination: destination.look(PATH)):
        with pytest.raises(DeliveryRefused, match="does not know; nothing was sent") as caught:
            door(openssh.destination(folder, known_hosts=known))
        assert fingerprint(openssh.folder / "host.pub") in str(caught.value)
    assert nothing_sent(folder)

    _, _, command = str(caught.value).partition(" run: ")
    subprocess.run(command, shell=True, check=True, capture_output=True, timeout=20)
    deliver(openssh.destination(folder, known_hosts=known))
    assert (folder / PATH).read_bytes() == CONTENT


def test_a_changed_host_key_is_shown_beside_the_known_one_with_the_command_that_accepts_it(
    openssh: Sshd, folder: Path
) -> None:
    known, other = folder.parent / "known_hosts", folder.parent / "other"
    make_key(other)
    known.write_text(f"[127.0.0.1]:{openssh.port} {other.with_suffix('.pub').read_text()}")
    with pytest.raises(DeliveryRefused, match="instead of") as caught:
        attempt(openssh.destination(folder, known_hosts=known))
    assert nothing_sent(folder)
    before, _, after = str(caught.value).partition("instead of")
    assert fingerprint(openssh.folder / "host.pub") in before
    assert fingerprint(other.with_suffix(".pub")) in after

    _, _, command = str(caught.value).partition(" run: ")
    subprocess.run(command, shell=True, check=True, capture_output=True, timeout=20)
    deliver(openssh.destination(folder, known_hosts=known))


def test_a_host_key_changed_while_a_file_was_about_to_appear_leaves_it_to_be_recovered(
    openssh: Sshd, folder: Path
) -> None:
    sealed = seal_and_drop(openssh.destination(folder))
    with pytest.raises(DeliveryRefused, match="nothing was sent"):
        openssh.destination(folder, known_hosts=folder.parent / "none").recover(PATH, sealed)
    assert openssh.destination(folder).recover(PATH, sealed) is Outcome.DELIVERED


def test_a_revoked_host_key_is_refused_although_it_is_known(openssh: Sshd, folder: Path) -> None:
    known = folder.parent / "known_hosts"
    line = openssh.known_as(openssh.port)
    known.write_text(f"{line}@revoked {line}")
    with pytest.raises(DeliveryRefused, match="marks as revoked"):
        attempt(openssh.destination(folder, known_hosts=known))
    assert nothing_sent(folder)


def _hashed(known: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True, timeout=20)


def _among_others(known: Path) -> None:
    make_key(known.parent / "older")
    name, *_ = known.read_text().split()
    older = (known.parent / "older.pub").read_text()
    known.write_text(
        f"# a comment\n\nrubbish\n{name} ssh-ed25519 !!!\n|1|x|y ssh-ed25519 {older.split()[1]}\n"
        f"{name} {older}{known.read_text()}"
    )


@pytest.mark.parametrize("written", [_hashed, _among_others])
def test_known_hosts_is_read_as_openssh_writes_it(openssh: Sshd, folder: Path, written: Callable[[Path], None]) -> None:
    known = folder.parent / "known_hosts"
    known.write_text(openssh.known_as(openssh.port))
    written(known)
    deliver(openssh.destination(folder, known_hosts=known))


def test_a_server_with_keys_of_several_kinds_is_asked_for_the_known_one(tmp_path: Path, folder: Path) -> None:
    keys = tmp_path / "sshd"
    keys.mkdir()
    make_key(keys / "rsa", "rsa")
    with sshd(keys, host_keys=("host", "rsa")) as running:
        (keys / "known_hosts").write_text(f"[127.0.0.1]:{running.port} {(keys / 'rsa.pub').read_text()}")
        deliver(running.destination(folder))


# Users and their keys


def test_a_user_that_is_not_let_in_is_told_which_key_was_offered(openssh: Sshd, folder: Path) -> None:
    stranger = folder.parent / "stranger"
    make_key(stranger)
    with pytest.raises(DeliveryFailed, match="does not let this user in") as caught:
        attempt(openssh.destination(folder, private_key=stranger))
    assert fingerprint(stranger.with_suffix(".pub")) in str(caught.value)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_keys_of_every_usual_kind_let_a_user_in(tmp_path: Path, folder: Path, kind: str) -> None:
    keys = tmp_path / "sshd"
    keys.mkdir()
    make_key(keys / "user", kind)
    with sshd(keys) as running:
        deliver(running.destination(folder))


def test_a_private_key_that_others_can_read_is_not_used(openssh: Sshd, folder: Path) -> None:
    key = folder.parent / "user"
    key.write_bytes((openssh.folder / "user").read_bytes())
    key.chmod(0o640)
    with pytest.raises(DeliveryFailed, match=rf"others can use it \(mode 0640\); run: chmod 600 {key}"):
        attempt(openssh.destination(folder, private_key=key))
    key.chmod(0o600)
    deliver(openssh.destination(folder, private_key=key))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not a key", "is not a private key that can be used"), (b"", "is not a private key"), (None, "cannot be read")],
)
def test_what_is_no_private_key_is_said_so(openssh: Sshd, folder: Path, content: bytes | None, said: str) -> None:
    key = folder.parent / "canary"
    if content is not None:
        key.touch(0o600)
        key.write_bytes(content)
    with pytest.raises(DeliveryFailed, match=f"canary {said}"):
        attempt(openssh.destination(folder, private_key=key))


def test_a_private_key_with_a_passphrase_belongs_into_the_agent(openssh: Sshd, folder: Path) -> None:
    key = folder.parent / "locked"
    make_key(key, passphrase="canary")
    with pytest.raises(DeliveryFailed, match="has a passphrase; load it into the SSH agent") as caught:
        attempt(openssh.destination(folder, private_key=key))
    assert "canary" not in str(caught.value)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    while not path.exists():
        assert process.poll() is None
    yield
    process.terminate()
    process.wait(10)


def test_an_agent_can_hold_the_key(openssh: Sshd, folder: Path, agent: None) -> None:
    with pytest.raises(DeliveryFailed, match="the SSH agent holds no key"):
        attempt(openssh.destination(folder, private_key=None))
    subprocess.run(["ssh-add", openssh.folder / "user"], check=True, capture_output=True, timeout=20)
    deliver(openssh.destination(folder, private_key=None))


def test_without_an_agent_there_is_no_key(openssh: Sshd, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(DeliveryFailed, match="the SSH agent holds no key"):
        attempt(openssh.destination(folder, private_key=None))


# Servers that cannot be reached


def test_a_server_that_is_down_is_said_so_once_and_rested(openssh: Sshd, folder: Path) -> None:
    with CuttingProxy(openssh.port) as proxy:
        proxy.cut_received_after = 0
        destination = openssh.destination(folder, proxy.port)
        for _ in range(5):
            with pytest.raises(DeliveryFailed, match=UNREACHABLE):
                destination.look(PATH)
        assert proxy.connections == 1


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1", "connection refused"), ("no.such.host.invalid", "its name cannot be resolved")]
)
def test_why_a_server_cannot_be_reached_is_said(openssh: Sshd, folder: Path, host: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeliveryFailed, match=f"{host}:{port} {UNREACHABLE}: {said}.*check|correct"):
        attempt(openssh.destination(folder, port, host=host))


def test_a_server_that_says_nothing_is_given_up(openssh: Sshd, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        destination = openssh.destination(folder, listener.getsockname()[1], connect_timeout=0.3)
        with pytest.raises(DeliveryFailed, match=UNREACHABLE):
            attempt(destination)


def test_a_server_of_something_else_is_said_so_without_its_escape_codes(
    openssh: Sshd, folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def greet() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 \x1b[31mcanary\r\n" * 50)

    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(DeliveryFailed, match=UNREACHABLE) as caught:
            attempt(openssh.destination(folder, listener.getsockname()[1]))
        thread.join()
    assert "\x1b" not in str(caught.value)
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


def test_a_user_without_sftp_is_said_so(tmp_path: Path, folder: Path) -> None:
    with (
        sshd(tmp_path / "sshd", program="/bin/false") as running,
        pytest.raises(DeliveryFailed, match="opens no SFTP session; allow SFTP for it"),
    ):
        attempt(running.destination(folder))


def test_a_server_that_stops_answering_is_given_up_and_asked_anew(openssh: Sshd, folder: Path) -> None:
    with CuttingProxy(openssh.port) as proxy:
        with (openssh.folder / "known_hosts").open("a") as known:
            known.write(openssh.known_as(proxy.port))
        destination = openssh.destination(folder, proxy.port, timeout=2.0)
        destination.check()
        proxy.stalled.set()
        with pytest.raises(DeliveryFailed, match="did not answer in time"):
            destination.look(PATH)
        proxy.stalled.clear()
        destination.check()
        assert proxy.connections == 2
        destination.close()


# Servers that do not take a file


def test_a_missing_folder_is_not_made(openssh: Sshd, folder: Path) -> None:
    with pytest.raises(DeliveryFailed, match="there is no such folder; make it, or correct path"):
        openssh.destination(folder.parent / "mistake").check()
    assert nothing_sent(folder)


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("mkdir", "permission denied; let this user write there"),
        ("write", "permission denied|the server kept 0 of"),
        ("rename,posix-rename", "permission denied; let this user write there"),
    ],
)
def test_a_user_that_may_not_write_is_said_so_and_the_next_run_goes_on(
    tmp_path: Path, folder: Path, denied: str, said: str
) -> None:
    keys = tmp_path / "sshd"
    with sshd(keys, "-P", denied) as running:
        destination = running.destination(folder)
        draft = destination.draft(PATH)
        draft.stream.write(CONTENT)
        sealed = None
        with pytest.raises(DeliveryFailed, match=rf"{PATH} cannot be used: ({said})"):
            sealed = draft.seal()
            draft.publish()
        if sealed is None:
            draft.discard()
            assert nothing_sent(folder)
        destination.close()
        port = running.port
    with sshd(keys, port=port) as running:
        destination = running.destination(folder)
        if sealed is None:
            deliver(destination)
        else:
            assert destination.recover(PATH, sealed) is Outcome.DELIVERED
        destination.close()
    assert (folder / PATH).read_bytes() == CONTENT


def test_a_server_that_forbids_reading_is_believed_on_its_sizes(tmp_path: Path, folder: Path) -> None:
    with sshd(tmp_path / "sshd", "-P", "read") as running:
        destination = running.destination(folder)
        sealed = deliver(destination)
        assert destination.recover(PATH, sealed) is Outcome.DELIVERED
        (folder / PATH).write_bytes(b"other")
        assert destination.recover(PATH, sealed) is Outcome.TAKEN
        destination.close()


@pytest.fixture
def tiny_disk(folder: Path) -> Iterator[Path]:
    require(os.geteuid() == 0, "only root may mount a tiny disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tiny", folder], check=False)
    require(mounted.returncode == 0, "no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [len(CONTENT), 300_000, 5 << 20])
def test_a_full_disk_is_reported_and_nothing_is_left_on_it(openssh: Sshd, tiny_disk: Path, size: int) -> None:
    destination = openssh.destination(tiny_disk)
    draft = destination.draft(PATH)
    draft.stream.write(bytes(size))
    with pytest.raises(DeliveryFailed, match="its disk is full or a quota is reached"):
        draft.seal()
    draft.discard()
    assert nothing_sent(tiny_disk)
    deliver(destination, b"small")


@pytest.mark.parametrize("server", ["openssh", "without_posix_rename"])
def test_a_name_taken_behind_our_back_is_not_overwritten(
    server: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    destination = request.getfixturevalue(server).destination(folder)
    draft = destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.seal()
    (folder / PATH).symlink_to("nowhere")
    with pytest.raises(DeliveryRefused, match="exists already and was not touched"):
        draft.publish()
    assert (folder / PATH).is_symlink()


# Where and how


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ("{name}", "16655-2000001.xml"),
        ("in/{msn}/{name}", "in/16655/16655-2000001.xml"),
        ("{organization_number}-{extension}/{name}", "998724341-xml/16655-2000001.xml"),
    ],
)
def test_the_template_says_where_files_go(openssh: Sshd, folder: Path, template: str, where: str) -> None:
    destination = openssh.destination(folder, template=template)
    destination.check()
    sealed = deliver(destination)
    assert (folder / where).read_bytes() == CONTENT
    assert destination.look(PATH) == sealed


ASTRAY = ["", "inbox", "/{name}", "../{name}", "a/./{name}", "{name}/x", "{name.x}", "{x}/{name}", "a b/{name}"]


@pytest.mark.parametrize("template", ASTRAY)
def test_a_template_that_could_lead_astray_is_refused(openssh: Sshd, folder: Path, template: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be used; write folders.* end in \{name\}"):
        openssh.destination(folder, template=template)


def test_all_files_of_all_threads_go_over_one_connection(openssh: Sshd, folder: Path) -> None:
    with CuttingProxy(openssh.port) as proxy:
        with (openssh.folder / "known_hosts").open("a") as known:
            known.write(openssh.known_as(proxy.port))
        destination = openssh.destination(folder, proxy.port)

        def one(payout: int) -> None:
            deliver(destination, b"%d" % payout * 1000, inbox_path("998724341", str(payout % 3), payout, "xml"))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(100)))
        destination.close()
        assert proxy.connections == 1
    files = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert files == {f"{payout % 3}-{payout}.xml": b"%d" % payout * 1000 for payout in range(100)}


def test_ledgers_that_all_fail_leave_nothing(openssh: Sshd, folder: Path) -> None:
    destination = openssh.destination(folder)

    def one(payout: int) -> None:
        draft = destination.draft(inbox_path("998724341", str(payout % 7), payout, "xml"))
        draft.seal()
        draft.discard()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(60)))
    destination.close()
    assert nothing_sent(folder)
    assert nothing_sent(folder.parent / "spool")


def test_nothing_is_left_on_this_machine(openssh: Sshd, folder: Path) -> None:
    destination = openssh.destination(folder)
    sealed = seal_and_drop(destination)
    assert destination.recover(PATH, sealed) is Outcome.DELIVERED
    deliver(destination, path=inbox_path("998724341", "16655", 2, "xml"))
    destination.close()
    assert nothing_sent(folder.parent / "spool")


def test_nothing_of_the_server_is_logged(openssh: Sshd, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    destination = openssh.destination(folder)
    deliver(destination)
    destination.close()
    assert caplog.text == ""
