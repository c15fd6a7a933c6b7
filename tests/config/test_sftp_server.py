"""The SFTP server and its users."""

import base64
import struct
import subprocess
from pathlib import Path

import pytest

from settlement_bridge.config import Configuration, load
from tests.config.conftest import GOOD, Write, only_problem, problems_of

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlY4inKzfhFwa8w6ZxpjzUswtnZTxQaWSWsNKxC6NoE import"
USER = f'[[sftp_server.users]]\nname = "import"\nsales_units = ["16655"]\nauthorized_keys = ["{KEY}"]\n'


def configured(write: Write, text: str) -> Configuration:
    return load(write(GOOD + text), {})


def test_there_is_no_server_where_none_is_named(write: Write) -> None:
    assert configured(write, "").sftp_server is None


def test_a_server_has_defaults_for_all_but_its_users(write: Write, tmp_path: Path) -> None:
    configuration = configured(write, USER)
    server = configuration.sftp_server
    assert server
    assert (server.listen.host, server.listen.port, server.host_keys) == ("0.0.0.0", 2222, None)
    assert configuration.store.folder == tmp_path
    (user,) = server.users
    assert (user.formats, user.archive_on_download, user.msns) == (("xml",), True, frozenset({"16655"}))
    assert user.key_blobs == {base64.b64decode(KEY.split()[1])}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:22", "127.0.0.1", 22), ("[::]:2222", "::", 2222), ("[fe80::1]:0", "fe80::1", 0)],
)
def test_an_address_to_listen_at(write: Write, text: str, host: str, port: int) -> None:
    server = configured(write, f'[sftp_server]\nlisten = "{text}"\n' + USER).sftp_server
    assert server
    assert (server.listen.host, server.listen.port) == (host, port)


@pytest.mark.parametrize("text", ["2222", "localhost:2222", ":::22", "1.2.3.4:65536", "1.2.3.400:22", "[::]", ""])
def test_an_address_that_is_none(write: Write, text: str) -> None:
    problem = only_problem(write(GOOD + f'[sftp_server]\nlisten = "{text}"\n'))
    assert f'sftp_server.listen is "{text}"; set it to an IP address and a port' in problem


def test_a_star_stands_for_all_sales_units(write: Write) -> None:
    server = configured(write, USER.replace('"16655"', '"*"')).sftp_server
    assert server
    assert server.users[0].msns is None
    assert 'set it to ["*"] for all sales units' in only_problem(write(GOOD + USER.replace('"16655"', '"*", "1"')))
    assert 'or "*" for all' in only_problem(write(GOOD + USER.replace('"16655"', '"../x"')))


@pytest.mark.parametrize(
    "arguments",
    [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384"), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")],
    ids="-".join,
)
def test_the_kinds_of_keys_that_open(write: Write, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    line = made_key(tmp_path / "key", *arguments)
    server = configured(write, USER.replace(KEY, line)).sftp_server
    assert server
    assert server.users[0].key_blobs == {base64.b64decode(line.split()[1])}


def made_key(path: Path, kind: str, *options: str) -> str:
    command = ["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-C", "a comment", "-f", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.with_suffix(".pub").read_text().strip()


def test_a_small_rsa_key_is_refused(write: Write, tmp_path: Path) -> None:
    line = made_key(tmp_path / "key", "rsa", "-b", "1024")
    problem = only_problem(write(GOOD + USER.replace(KEY, line)))
    assert "an RSA key of 2048 bits and more, or an Ed25519 one: this one has 1024" in problem


def blob(*parts: bytes) -> str:
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ssh-dss AAAAB3NzaC1kc3MAAACB", "DSA is refused"),
        (f"no-pty,command=x {KEY}", "the line from ssh-ed25519 on: options are not supported"),
        ("hello", "which begins with ssh-ed25519"),
        ("", "which begins with ssh-ed25519"),
        ("ssh-ed25519", "which begins with ssh-ed25519"),
        ("ssh-ed25519 ????", "a part of it is missing"),
        (KEY[:60], "a part of it is missing"),
        (f"ssh-ed25519 {blob(b'ssh-ed25519', bytes(31))}", "an Ed25519 key has 32 bytes"),
        (f"ssh-ed25519 {blob(b'ssh-rsa', bytes(32))}", "its parts do not fit together"),
        (f"ecdsa-sha2-nistp256 {blob(b'ecdsa-sha2-nistp256', b'nistp384', b'x')}", "its curve is not the one"),
        ("sk-ssh-ed25519@openssh.com AAAA", "which begins with ssh-ed25519"),
    ],
)
def test_a_line_that_is_no_key(write: Write, line: str, wanted: str) -> None:
    problem = only_problem(write(GOOD + USER.replace(KEY, line)))
    assert "sftp_server.users[0].authorized_keys[0] is " in problem
    assert wanted in problem


def test_keys_can_lie_in_a_file(write: Write, tmp_path: Path) -> None:
    write(f"# of the import job\n\n  {KEY}\n", "import.pub", mode=0o644)
    text = USER.replace(f'authorized_keys = ["{KEY}"]', 'authorized_keys_file = "import.pub"')
    server = configured(write, text).sftp_server
    assert server
    assert server.users[0].key_blobs == {base64.b64decode(KEY.split()[1])}

    write(f"{KEY}\nssh-dss AAAA\n", "import.pub")
    assert only_problem(write(GOOD + text)).endswith(
        f"authorized_keys_file names {tmp_path / 'import.pub'}, whose line 2 cannot be used; put there an Ed25519 or "
        "ECDSA key, or an RSA key of 2048 bits and more: DSA is refused"
    )
    (tmp_path / "import.pub").unlink()
    assert "names a file that cannot be used" in only_problem(write(GOOD + text))


def test_a_user_without_keys_is_a_mistake(write: Write) -> None:
    assert "authorized_keys_file and authorized_keys are both missing" in only_problem(
        write(GOOD + USER.replace(f'authorized_keys = ["{KEY}"]', ""))
    )


def test_two_users_of_one_name_are_a_mistake(write: Write) -> None:
    assert 'has two users of the name "import"' in only_problem(write(GOOD + USER + USER))


def test_a_database_that_is_no_file_leaves_no_place_for_host_keys(write: Write) -> None:
    text = GOOD.replace("sqlite:///state.db", "postgresql://me@host/name") + USER
    assert "sftp_server needs host_keys" in only_problem(write(text))
    load(write(text.replace("[[sftp_server", '[sftp_server]\nhost_keys = "ssh"\n[[sftp_server')), {})


def test_every_problem_is_said_at_once_and_placed(write: Write) -> None:
    problems = problems_of(write(GOOD + '[sftp_server]\nlisten = "x"\nport = 22\n[[sftp_server.users]]\nnam = "x"\n'))
    said = "\n".join(problems)
    assert "sftp_server.port is not a known key" in said
    assert "sftp_server.users[0].name is missing; add it" in said
    assert "sftp_server.users[0].nam is not a known key; did you mean sftp_server.users[0].name?" in said
    assert "sftp_server.users[0].sales_units is missing" in said
    assert "sftp_server.listen is" in said


def test_users_can_be_set_in_the_environment(write: Write) -> None:
    prefix = "SETTLEMENT_BRIDGE_SFTP_SERVER__USERS__0__"
    environ = {f"{prefix}NAME": "import", f"{prefix}SALES_UNITS": '["*"]', f"{prefix}AUTHORIZED_KEYS": f'["{KEY}"]'}
    server = load(write(GOOD), environ).sftp_server
    assert server
    assert server.users[0].name == "import"
