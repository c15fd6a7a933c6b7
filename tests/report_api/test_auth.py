import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from settlement_bridge.errors import ApiUnavailable, KeysRefused
from settlement_bridge.report_api import ReportApi
from tests.report_api.conftest import MakeApi
from tests.report_api.server import Request, Server, ledger_record, reply

LEDGERS = reply({"items": [ledger_record()], "cursor": ""})


def tokens(server: Server) -> list[Request]:
    return [request for request in server.requests if request not in server.asked]


def test_merchant_keys_travel_in_headers(server: Server, api: ReportApi) -> None:
    server.sequence(LEDGERS)
    api.ledgers()
    (token,), (call,) = tokens(server), server.asked
    assert (token.method, token.path, token.body) == ("POST", "/accesstoken/get", b"")
    assert token.headers["client_id"] == "an-id"
    assert token.headers["client_secret"] == "a-secret"
    assert call.headers["Authorization"] == "Bearer token-1"
    for request in (token, call):
        assert request.headers["Ocp-Apim-Subscription-Key"] == "a-subscription"
        assert request.headers["Merchant-Serial-Number"] == "123456"
    assert "client_secret" not in call.headers


def test_accounting_keys_travel_as_basic_authentication(server: Server, make_api: MakeApi) -> None:
    server.sequence(LEDGERS)
    make_api(keys="accounting").ledgers()
    (token,), (call,) = tokens(server), server.asked
    assert (token.method, token.path, token.body) == ("POST", "/miami/v1/token", b"grant_type=client_credentials")
    assert base64.b64decode(token.headers["Authorization"].removeprefix("Basic ")) == b"an-id:a-secret"
    assert token.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.headers["Authorization"] == "Bearer token-1"
    assert "Ocp-Apim-Subscription-Key" not in {**token.headers, **call.headers}


def test_every_call_says_which_system_asks_in_at_most_thirty_characters(server: Server, make_api: MakeApi) -> None:
    server.sequence(LEDGERS)
    make_api(system_name="a" * 40).ledgers()
    for request in server.requests:
        systems = {name: value for name, value in request.headers.items() if name.startswith("Vipps-System-")}
        assert len(systems) == 4
        assert all(0 < len(value) <= 30 for value in systems.values())


def test_a_netrc_file_never_replaces_the_token(
    server: Server, make_api: MakeApi, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.sequence(LEDGERS)
    make_api().ledgers()
    assert server.asked[0].headers["Authorization"] == "Bearer token-1"


def test_twenty_threads_share_one_token(server: Server, api: ReportApi) -> None:
    start = threading.Barrier(20)

    def ask() -> None:
        start.wait()
        api.ledgers()

    server.sequence(LEDGERS)
    with ThreadPoolExecutor(20) as pool:
        for asked in [pool.submit(ask) for _ in range(20)]:
            asked.result()
    assert server.tokens == 1
    assert len(server.asked) == 20


def test_twenty_threads_refused_at_once_get_one_new_token(server: Server, api: ReportApi) -> None:
    together = threading.Barrier(20)

    def script(request: Request) -> Any:
        if request.headers["Authorization"] == "Bearer token-1":
            together.wait()
            return reply({"code": "Unauthorized", "message": "expired"}, 401)
        return LEDGERS

    server.script = script
    with ThreadPoolExecutor(20) as pool:
        for asked in [pool.submit(api.ledgers) for _ in range(20)]:
            asked.result()
    assert server.tokens == 2


def test_a_token_that_another_thread_has_bought_and_that_is_refused_too_is_not_the_last_try(
    server: Server, api: ReportApi
) -> None:
    refusal = reply({"code": "Unauthorized", "message": "expired"}, 401)
    first, second = "Bearer token-1", "Bearer token-2"

    def script(request: Request) -> Any:
        tokens_seen = [asked.headers["Authorization"] for asked in server.asked]
        if tokens_seen == [first]:
            with ThreadPoolExecutor(1) as other:  # is refused, buys a token and is served while we wait for our refusal
                other.submit(api.ledgers).result()
            return refusal
        return LEDGERS if tokens_seen == [first, first, second] or len(tokens_seen) == 5 else refusal

    server.script = script
    assert len(api.ledgers()) == 1
    assert [asked.headers["Authorization"] for asked in server.asked] == [
        first,
        first,
        second,
        second,
        "Bearer token-3",
    ]
    assert server.tokens == 3


@pytest.mark.parametrize(
    ("life", "wanted"), [("0", 3), (0, 3), ("86400", 1), (900, 1), (None, 1), (True, 1), ("-5", 1)]
)
def test_a_token_is_used_for_its_life(server: Server, api: ReportApi, life: object, wanted: int) -> None:
    server.token_script = lambda _: reply({"access_token": "abc", "expires_in": life})
    server.sequence(LEDGERS)
    for _ in range(3):
        api.ledgers()
    assert len(tokens(server)) == wanted


@pytest.mark.parametrize(
    ("status", "answer", "named"),
    [
        (401, {"statusCode": 401, "message": "Access denied due to invalid subscription key."}, "subscription_key"),
        (
            401,
            {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"},
            "client_secret",
        ),
        (400, {"error_description": "AADSTS700016: Application with identifier was not found"}, "client_id"),
        (401, {"code": "Unauthorized", "message": "Please check your API keys"}, "client_id or client_secret"),
        (403, {"title": "Forbidden"}, "client_id or client_secret"),
    ],
)
def test_refused_keys_are_named_with_what_the_api_said(
    server: Server, api: ReportApi, status: int, answer: dict[str, str], named: str
) -> None:
    server.token_script = lambda _: reply(answer, status)
    with pytest.raises(KeysRefused) as caught:
        api.ledgers()
    assert f"keys: {named} seems wrong" in str(caught.value)
    assert str(status) in str(caught.value)
    assert str(list(answer.values())[-1]) in str(caught.value)
    assert len(tokens(server)) == 1


@pytest.mark.parametrize(
    ("keys", "named"), [("merchant", "subscription_key seems"), ("accounting", "the access granted to client_id seems")]
)
def test_a_new_token_that_is_refused_too_ends_it(server: Server, make_api: MakeApi, keys: str, named: str) -> None:
    server.sequence(reply({"code": "Unauthorized", "message": "No."}, 401))
    with pytest.raises(KeysRefused, match=named):
        make_api(keys=keys).ledgers()
    assert (server.tokens, len(server.asked)) == (2, 2)


@pytest.mark.parametrize("key", ["client_id", "client_secret", "subscription_key", "merchant_serial_number"])
@pytest.mark.parametrize("value", ["ends\n", "in between", "å", "\x00"])
def test_a_key_no_header_can_carry_is_named_and_not_shown(make_api: MakeApi, key: str, value: str) -> None:
    with pytest.raises(KeysRefused, match=f"^{key} holds") as caught:
        make_api(**{key: "CANARY" + value}).ledgers()
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\nb"}, []])
def test_an_answer_without_a_token_is_tried_again(server: Server, api: ReportApi, answer: object) -> None:
    server.token_script = lambda _: reply(answer)
    with pytest.raises(ApiUnavailable, match="/accesstoken/get: the token answer holds no usable access_token"):
        api.ledgers()
    assert len(tokens(server)) == 3


def test_a_token_service_that_is_down_is_asked_as_often_as_anything_else(server: Server, api: ReportApi) -> None:
    server.token_script = lambda _: reply({"errorCode": 10001, "errorMessage": "Sorry", "contextId": "c-1"}, 503)
    with pytest.raises(
        ApiUnavailable, match=r"/accesstoken/get: no token, 503 \(Sorry, errorCode 10001, contextId c-1\)"
    ):
        api.ledgers()
    assert len(tokens(server)) == 3


def test_a_wrong_address_is_no_wrong_key(server: Server, api: ReportApi) -> None:
    server.token_script = lambda _: reply({"title": "Not Found"}, 404)
    with pytest.raises(ApiUnavailable, match="check base_url"):
        api.ledgers()
