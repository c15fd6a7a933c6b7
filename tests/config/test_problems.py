"""What is said of a file that cannot be used."""

from pathlib import Path

import pytest

from settlement_bridge.errors import EXIT_CONFIGURATION, ConfigurationError
from tests.config.conftest import GOOD, Write, only_problem, problems_of

SFTP = '\n[[destinations]]\nkind = "sftp"\nhost = "server"\nusername = "me"\nknown_hosts = "hosts"\n'
LOCAL = '\n[[destinations]]\nkind = "local"\n'


def test_five_mistakes_are_all_named_at_once(write: Write) -> None:
    text = """\
[report_api]
dialect = "v3"
clientid = "an-id"
client_secret = "a-secret"
[store]
url = "sqlite:///state.db"
[[destinations]]
kind = "local"
path = 7
[sync]
parallel = 0
"""
    file = write(text)
    said = set(problems_of(file))
    assert said == {
        f'{file}: report_api.dialect is "v3"; set it to "auto", "v1" or "v2"',
        f"{file}: report_api.clientid is not a known key; did you mean report_api.client_id?",
        f"{file}: report_api.client_id is missing; add it: Client id of the API keys",
        f"{file}: report_api.subscription_key is missing; merchant keys have one: add it, or subscription_key_file",
        f"{file}: destinations[0].path is 7; set it to a path in quotes",
        f"{file}: sync.parallel is 0; set it to a whole number from 1 to 64",
    }


def test_the_exit_code_is_the_one_for_configurations() -> None:
    assert ConfigurationError(["x"]).exit_code == EXIT_CONFIGURATION


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("[sync]\nparallel = true", "sync.parallel is true; set it to a whole number"),
        ("[sync]\nparallel = 65", "sync.parallel is 65; set it to a whole number from 1 to 64"),
        ("[sync]\nparallel = 1e3", "sync.parallel is 1000.0; set it to a whole number"),
        (f"[sync]\nparallel = 0x{'f' * 5000}", "sync.parallel is a very large number; set it to a whole number"),
        ('[sync]\nfirst_date = "2026-01-01"', "set it to a date such as 2026-01-31, without quotes"),
        ("[sync]\nfirst_date = 2026-01-01T00:00:00", "set it to a date such as 2026-01-31"),
        ("[sync]\nfirst_payout = 0", "sync.first_payout is 0; set it to a payout number from 1"),
        ("[sync]\nledgers = []", "sync.ledgers is a list; set it to a list with something in it"),
        ("[sync]\nledgers = [302321]", "sync.ledgers[0] is 302321; set it to text in quotes"),
        ('[sync]\nsales_units = ["../x"]', 'sync.sales_units[0] is "../x"; set it to letters, digits and hyphens only'),
        ('[sync]\nsales_units = "16655"', 'sync.sales_units is "16655"; set it to a list in [brackets]'),
        ('[sync]\ntime_zone = "Europe/Olso"', 'sync.time_zone is "Europe/Olso"; set it to "Europe/Oslo"'),
        ('[sync]\ntime_zone = "Europe"', "another name from the tz database"),
        ('[sync]\ntime_zone = "../../etc/passwd"', "another name from the tz database"),
        ("[sync]\npersonal_data = true", "sync.retention_days is missing; personal data must not be kept for ever"),
        ("[sync]\npersonal_data = 'yes'", 'sync.personal_data is "yes"; set it to true or false'),
        ("[sync]\nretention_days = 0", "sync.retention_days is 0; set it to a whole number from 1 to 3650"),
        ("[sync]\ntime_zone = 1", "sync.time_zone is 1; set it to text in quotes"),
        ('[ledgers.302321]\nsettlement = "Net"', 'set it to "net" or "gross"'),
        ('[ledgers."30/1"]', 'ledgers."30/1" has a name that cannot be used; name it with letters, digits and hyphens'),
        ("[sales_units.16655]", "sales_units.16655.name is missing; add it"),
        ("[organizations]\nname = 'x'", 'organizations.name is "x"; set it to a table'),
        ("[organisations.1]", "organisations is not a known key; did you mean organizations?"),
        ("[ledgers.1]\nparallel = 3", "ledgers.1.parallel is not a known key; did you mean sync.parallel?"),
        ("[ledgers.1]\nxyz = 3", "remove it; ledgers.1 has settlement, first_payout"),
        ("[sftp]", "sftp is not a known key; remove it; the file has report_api, store"),
        ('["\\u001b[31m"]', '"\\u001b[31m" is not a known key'),
        ('["\\u009b31m\\u202e"]', '"\\u009b31m\\u202e" is not a known key'),
        (LOCAL, "destinations[0].path is missing; add it: Folder to publish into"),
        (LOCAL + 'path = ""', 'destinations[0].path is ""; set it to a path'),
        (LOCAL + 'path = "a\\u0000b"', "set it to a path"),
        (LOCAL + "path = '/x'\nmode = 640", "destinations[0].mode is 640; set it to text in quotes"),
        (LOCAL + "path = '/x'\nmode = '0844'", 'destinations[0].mode is "0844"; set it to an octal mode as text'),
        (LOCAL + "path = '/x'\nowner = '../x'", "set it to the name of a user or group"),
        (LOCAL + "path = '/x'\nformats = ['docx']", 'destinations[0].formats[0] is "docx"; set it to "xml"'),
        (LOCAL + "path = '/x'\nformats = []", "destinations[0].formats is a list; set it to a list with something"),
        (2 * (LOCAL + "path = '/x'\n"), "xml goes to /x twice"),
        ("[[destinations]]\npath = '/x'", "destinations[0].kind is missing; add it"),
        ("[[destinations]]\nkind = 'ftp'", 'destinations[0].kind is "ftp"; set it to "local" or "sftp"'),
        ("[[destinations]]\nkind = 7", 'destinations[0].kind is 7; set it to "local" or "sftp"'),
        (LOCAL + "path = '/x'\nhost = 'x'", "destinations[0].host is not a known key; did you mean"),
        (SFTP + "mode = '0640'", "destinations[0].mode is not a known key; did you mean"),
        (SFTP + "user = 'x'", "destinations[0].user is not a known key; did you mean destinations[0].username?"),
        (SFTP + "local = 'x'", "destinations[0].local is not a known key"),
        (SFTP.replace("server", "a b"), 'destinations[0].host is "a b"; set it to a host name or an IP address'),
        (SFTP.replace("known_hosts", "#"), "destinations[0].known_hosts is missing; add it: File of known host keys"),
        (SFTP + "port = 0", "destinations[0].port is 0; set it to a port from 1 to 65535"),
        (SFTP + "path = 'a/../b'", 'destinations[0].path is "a/../b"; set it to a path on the server'),
        (SFTP + "file_path = 'inbox'", 'destinations[0].file_path is "inbox"; set it to folders'),
        (SFTP + "file_path = '../{name}'", "destinations[0].file_path is"),
        (2 * SFTP, "xml goes to me@server:22:. twice"),
        ("[destinations]", "destinations is a table; set it to a list"),
    ],
)
def test_one_mistake_gets_one_sentence(write: Write, addition: str, said: str) -> None:
    file = write(GOOD + addition)
    problem = only_problem(file)
    assert problem.startswith(f"{file}: ")
    assert said in problem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('base_url = "http://api.vipps.no"', "set it to an https:// address"),
        ('base_url = "http://127.0.0.1.example.com"', "set it to an https:// address"),
        ('base_url = "ftp://localhost"', "set it to an https:// address"),
        ('base_url = "https://"', "set it to an address such as"),
        ('base_url = "https://["', "set it to an address such as"),
        ('base_url = "https://a:99999"', "set it to an address such as"),
        ('base_url = "https://a/?x=1"', "without user, query or fragment"),
        ('base_url = "https://me:canary@a"', 'is "https://***@a"; set it to an address'),
        ("read_timeout = nan", "report_api.read_timeout is nan; set it to a number of seconds from 0.1 to 3600"),
        ("read_timeout = inf", "report_api.read_timeout is inf; set it to a number of seconds"),
        ("connect_timeout = 0", "report_api.connect_timeout is 0; set it to a number of seconds"),
        ("attempts = 21", "report_api.attempts is 21; set it to a whole number from 1 to 20"),
        ("longest_wait = 'long'", 'report_api.longest_wait is "long"; set it to a number'),
        ("merchant_serial_number = 123456", "is 123456; set it to text in quotes"),
    ],
)
def test_mistakes_of_the_report_api(write: Write, line: str, said: str) -> None:
    problem = only_problem(write(GOOD.replace("[report_api]", f"[report_api]\n{line}")))
    assert said in problem
    assert "canary" not in problem


def test_accounting_keys_have_no_subscription_key(write: Write) -> None:
    accounting = GOOD.replace("[report_api]", '[report_api]\nkeys = "accounting"')
    assert 'accounting keys have none; remove it, or set keys = "merchant"' in only_problem(write(accounting))


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://me:canary@host/x", "canary", "postgresql://me:canary@h:port/x"]
)
def test_a_store_that_cannot_be_is_refused_without_showing_its_address(write: Write, url: str) -> None:
    problem = only_problem(write(GOOD.replace("sqlite:///state.db", url)))
    assert "store.url cannot be used; set it to " in problem
    assert "canary" not in problem


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[report_api]\nclient_id = an-id\n", "line 2, column 13"),
        ("[sync]\n[sync]\n", "line 2, column 6"),
        ('[report_api]\nx = "abc', "line 2, column 9"),
        ("x = [1,\n", "line 2, column 1"),
    ],
)
def test_a_mistake_in_the_toml_has_file_line_and_column(write: Write, text: str, place: str) -> None:
    file = write(text)
    assert only_problem(file).startswith(f"{file}, {place}: ")


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000])
def test_a_file_beyond_all_measure_is_refused_too(write: Write, text: str) -> None:
    assert "shorten them" in only_problem(write(text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("name = 'Ås'".encode("latin-1"))
    assert "latin.toml is not UTF-8 text; save it as UTF-8" in only_problem(tmp_path / "latin.toml")
    assert "gone.toml does not exist" in only_problem(tmp_path / "gone.toml")
    assert f"{tmp_path} cannot be read (Is a directory)" in only_problem(tmp_path)
    assert "cannot be read" in only_problem(Path("a\0b"))


def test_a_private_key_that_others_can_use_is_refused_at_the_start_with_all_else(write: Write) -> None:
    key = write("canary", "a key", mode=0o640)
    file = write(GOOD + SFTP + 'private_key = "a key"\nport = 0\n')
    first, second = problems_of(file)
    assert "destinations[0].port is 0" in first
    assert second.endswith(
        f"destinations[0].private_key names {key}, which others can use (mode 0640); run: chmod 600 '{key}'"
    )
    key.chmod(0o600)
    assert "port" in only_problem(file)
