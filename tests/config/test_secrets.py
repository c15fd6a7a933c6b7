"""Where secrets may come from, who wins, and that none is ever shown."""

from pathlib import Path

import pytest

from settlement_bridge.config import Configuration, load
from settlement_bridge.errors import ConfigurationError
from tests.config.conftest import GOOD, Write, only_problem, problems_of

SECRET = "SETTLEMENT_BRIDGE_REPORT_API__CLIENT_SECRET"
FROM_FILE = GOOD.replace('client_secret = "a-secret"', 'client_secret_file = "secrets/client"')


def secret_of(configuration: Configuration) -> str:
    return configuration.report_api.client_secret.get_secret_value()


def test_the_environment_wins_over_credentials_and_these_over_files(write: Write, tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert secret_of(load(write(GOOD), environ)) == "a-secret"
    file = write(FROM_FILE)
    write("from-a-file\n", "secrets/client")
    assert secret_of(load(file, environ)) == "from-a-file"
    write("from-a-credential\n", "credentials/report_api.client_secret", 0o440)
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    configuration = load(file, environ)
    assert secret_of(configuration) == "from-a-credential"
    assert configuration.report_api.client_secret_file is None
    assert secret_of(load(write(GOOD), environ)) == "from-a-credential"
    write("named-by-a-variable", "other")
    assert secret_of(load(file, environ | {f"{SECRET}_FILE": "other"})) == "named-by-a-variable"
    environ[SECRET] = "from-the-environment"
    assert secret_of(load(file, environ)) == "from-the-environment"


def test_every_secret_can_come_from_every_source(write: Write, tmp_path: Path) -> None:
    file = write('[report_api]\nclient_id = "x"\nsubscription_key_file = "subscription"\n', mode=0o644)
    write("the-subscription", "subscription")
    write("postgresql://a:b@c/d", "credentials/store.url", 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"), SECRET: "the-secret"}
    configuration = load(file, environ)
    assert secret_of(configuration) == "the-secret"
    assert configuration.report_api.subscription_key is not None
    assert configuration.report_api.subscription_key.get_secret_value() == "the-subscription"
    assert configuration.store.url.get_secret_value() == "postgresql://a:b@c/d"


def test_a_key_and_its_file_are_one_too_many(write: Write) -> None:
    file = write(GOOD + 'url_file = "nowhere"\n')
    assert only_problem(file) == f"{file}: store.url and url_file are both given; remove one"
    environ = {SECRET: "a", f"{SECRET}_FILE": "b"}
    assert "report_api.client_secret and client_secret_file are both given" in only_problem(write(GOOD), environ)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_with_secrets_that_others_can_read_is_refused(write: Write, mode: int) -> None:
    file = write(GOOD, "my config.toml", mode)
    assert only_problem(file) == (
        f"{file} holds a secret and others can read it (mode {mode:04o}); run: chmod 600 '{file}'"
    )


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ('[store]\nurl = "postgresql://me:pw@host/x"', True),
        ('[store]\nurl = "postgresql://host/x?password=pw"', True),
        ('[store]\nurl = "pw"', True),
        ('[store]\nurl = "postgresql://me:pw@host:port/x"', True),
        ('[report_api]\nclient_secret = "sqlite:///x"', True),
        ('[report_api]\nsubscription_key = "x"', True),
        ("[report_api]\nclient_secret = 123", True),
        ('[store]\nurl = "postgresql://me@host/x"', False),
        ('[store]\nurl = "sqlite:///state.db"', False),
        ('[report_api]\nclient_secret_file = "x"', False),
    ],
)
def test_only_a_file_that_holds_a_secret_must_be_private(write: Write, text: str, held: bool) -> None:
    assert any("chmod 600" in problem for problem in problems_of(write(text, mode=0o644))) is held


def test_a_secret_file_that_others_can_read_is_refused_but_a_credential_is_not(write: Write, tmp_path: Path) -> None:
    file, secret = write(FROM_FILE), write("x", "secrets/client", 0o640)
    assert f"report_api.client_secret: {secret} holds a secret and others can read it" in only_problem(file)
    assert secret_of(load(file, {"CREDENTIALS_DIRECTORY": str(tmp_path / "secrets")})) == "x"


def test_a_secret_file_must_be_there_and_hold_something(write: Write, tmp_path: Path) -> None:
    file = write(FROM_FILE)
    secret = tmp_path / "secrets/client"
    assert only_problem(file) == f"report_api.client_secret: {secret} does not exist; create it or correct its path"
    write(" \n", "secrets/client")
    assert only_problem(file) == f"report_api.client_secret: {secret} is empty; write the secret into it"
    secret.write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in only_problem(file)
    secret.unlink()
    secret.mkdir()
    assert "cannot be read (Is a directory)" in only_problem(file)


def test_a_wrong_path_of_a_secret_is_one_problem(write: Write) -> None:
    file = write(FROM_FILE.replace('"secrets/client"', "7"))
    assert only_problem(file) == f"{file}: report_api.client_secret_file is 7; set it to a path in quotes"


def test_an_empty_credential_is_not_passed_over(write: Write, tmp_path: Path) -> None:
    credential = write("", "credentials/report_api.client_secret", 0o400)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert f"{credential} is empty" in only_problem(write(GOOD), environ)


@pytest.mark.parametrize("secret", ["two words", "two\\nlines", "blåbær", ""])
def test_a_key_that_no_header_can_carry_is_refused_unseen(write: Write, secret: str) -> None:
    problem = only_problem(write(GOOD.replace("a-secret", secret)))
    assert "report_api.client_secret cannot be used; set it to the text from the provider's portal" in problem
    assert not secret or secret not in problem


def test_canaries_are_in_no_text(write: Write) -> None:
    text = GOOD.replace("a-secret", "canary-1").replace("a-subscription", "canary-2")
    file = write(text.replace("sqlite:///state.db", "postgresql://me:canary-3@host/x"))
    configuration = load(file, {})
    shown = f"{configuration!r} {configuration} {configuration.report_api} {configuration.model_dump()}"
    assert "canary" not in shown
    assert "canary" not in configuration.model_dump_json()
    assert secret_of(configuration) == "canary-1"


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace('"a-secret"', '["canary"]'),
        GOOD.replace('"a-secret"', '{a = "canary"}'),
        GOOD.replace("a-secret", "canary canary"),
        GOOD.replace("client_secret", "client_secert").replace("a-secret", "canary"),
        GOOD.replace('"a-secret"', "canary"),
        GOOD.replace('"a-secret"', '"canary'),
        GOOD.replace("sqlite:///state.db", "postgresql//me:canary@host/x"),
        'report_api = {client_secret = "canary"}\nstore = [{url = "canary"}]',
        'report_api = [{client_secret = "canary"}]',
        GOOD + '[sync]\nparallel = ["canary"]\nledgers = {a = "canary"}',
    ],
)
def test_canaries_are_in_no_problem_and_no_chain_of_errors(write: Write, text: str) -> None:
    assert "canary" in text
    with pytest.raises(ConfigurationError) as caught:
        load(write(text), {})
    assert "canary" not in f"{caught.value} {caught.value!r} {caught.value.problems}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
