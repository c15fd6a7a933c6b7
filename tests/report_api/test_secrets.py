"""Nothing that opens a door or names a person ends up in a log, a message or a repr (fault 34)."""

import base64
import logging
import traceback
from collections.abc import Callable

import pytest

from settlement_bridge.errors import BridgeError
from settlement_bridge.model import Book
from settlement_bridge.report_api import ApiSettings, ReportApi
from tests.report_api.conftest import LEDGER, MakeApi
from tests.report_api.server import Reply, Request, Server, entry, ledger_record, page, reply

SECRET, SUBSCRIPTION, TOKEN = "CANARY-secret", "CANARY-subscription", "CANARY-token"
BASIC = base64.b64encode(b"an-id:CANARY-secret").decode()
PERSONAL = {"message": "CANARY happy birthday", "name": "CANARY Nordmann", "maskedPhoneNo": "CANARY xx 12"}
ECHO = f"you sent {SECRET}, {SUBSCRIPTION}, {TOKEN}, {BASIC}\x1b[31m\n2022-10-01 forged line"


def good(request: Request) -> Reply:
    if request.path == "/settlement/v1/ledgers":
        return reply({"items": [ledger_record()], "cursor": ""})
    return reply(page([entry(0, **PERSONAL)], "a", try_later=True))


def echo(status: int) -> Callable[[Request], Reply]:
    return lambda _: reply({"title": "No", "detail": ECHO, "contextId": ECHO}, status)


def personal_and_untrue(_: Request) -> Reply:
    return reply(page([entry(0, amount=1.5, **PERSONAL)], "a"))


@pytest.mark.parametrize("keys", ["merchant", "accounting"])
@pytest.mark.parametrize(
    "script",
    [good, personal_and_untrue, *map(echo, (400, 401, 403, 404, 410, 429, 500)), lambda _: Reply(reset=True)],
)
def test_canaries_never_sing(
    server: Server, make_api: MakeApi, caplog: pytest.LogCaptureFixture, keys: str, script: Callable[[Request], Reply]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.token_script = lambda _: reply({"access_token": TOKEN, "expires_in": 900})
    server.script = script
    api = make_api(keys=keys, client_secret=SECRET, subscription_key=SUBSCRIPTION)
    told = repr(api) + all_that_is_told(api)
    assert any(TOKEN in request.headers.get("Authorization", "") for request in server.requests)
    assert caplog.records
    for words in (told, caplog.text):
        assert "CANARY" not in words
        assert BASIC not in words
        assert "\x1b" not in words


@pytest.mark.parametrize("keys", ["merchant", "accounting"])
def test_canaries_never_sing_when_no_token_is_given(
    server: Server, make_api: MakeApi, caplog: pytest.LogCaptureFixture, keys: str
) -> None:
    caplog.set_level(logging.DEBUG)
    api = make_api(keys=keys, client_secret=SECRET, subscription_key=SUBSCRIPTION)
    for status in (400, 401, 404, 500):
        server.token_script = lambda _, status=status: reply(  # type: ignore[misc]
            {"error_description": ECHO.replace(TOKEN, "")}, status
        )
        told = all_that_is_told(api)
        assert "forged line" in told
        assert "\n2022" not in told
        assert "CANARY" not in told + caplog.text
        assert BASIC not in told + caplog.text


def all_that_is_told(api: ReportApi) -> str:
    """Return what the errors of a whole reading say, with everything behind them."""
    told = ""
    for work in (api.ledgers, lambda: list(api.pages(LEDGER, dict.fromkeys(Book)))):
        try:
            work()
        except BridgeError as error:
            told += "".join(traceback.format_exception(error)) + repr(error)
    return told


def test_settings_do_not_show_secrets() -> None:
    settings = ApiSettings("http://x", "auto", "merchant", "an-id", SECRET, SUBSCRIPTION, None)
    assert "an-id" in repr(settings)
    assert "CANARY" not in repr(settings)
