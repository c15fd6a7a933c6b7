"""Keys and tokens."""

import pytest
import requests

from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import TIMEOUT, Caller, accounting_token, merchant_token

LEDGERS = "/settlement/v1/ledgers"
WORLD = scenario("webshop", days=3)


def test_merchant_keys_buy_a_token_whose_lifetime_is_a_string() -> None:
    with Sandbox(WORLD) as sandbox:
        answer = merchant_token(sandbox.url, sandbox.keys)
        assert answer.status_code == 200
        assert answer.json()["expires_in"] == "86400"
        assert sandbox.token_requests == 1


def test_accounting_keys_buy_a_token_whose_lifetime_is_a_number() -> None:
    with Sandbox(WORLD) as sandbox:
        keys = sandbox.keys
        answer = accounting_token(sandbox.url, keys.accounting_client_id, keys.accounting_client_secret)
        assert answer.json()["expires_in"] == 900
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert requests.get(sandbox.url + LEDGERS, headers=headers, timeout=TIMEOUT).status_code == 200


@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "Ocp-Apim-Subscription-Key"])
def test_the_answer_says_which_merchant_key_is_wrong(wrong: str) -> None:
    with Sandbox(WORLD) as sandbox:
        answer = merchant_token(sandbox.url, sandbox.keys, **{wrong: "mistyped"})
    assert answer.status_code == 401
    assert wrong in answer.json()["message"]
    assert answer.json()["code"] == "Unauthorized"


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_the_answer_says_which_accounting_key_is_wrong(wrong: str) -> None:
    with Sandbox(WORLD) as sandbox:
        keys = {"client_id": sandbox.keys.accounting_client_id, "client_secret": sandbox.keys.accounting_client_secret}
        answer = accounting_token(sandbox.url, **{**keys, wrong: "mistyped"})
    assert answer.status_code == 401
    assert wrong in answer.json()["message"].split(" that")[0]


def test_a_token_request_without_its_form_is_refused() -> None:
    with Sandbox(WORLD) as sandbox:
        auth = (sandbox.keys.accounting_client_id, sandbox.keys.accounting_client_secret)
        answer = requests.post(f"{sandbox.url}/miami/v1/token", auth=auth, timeout=TIMEOUT)
    assert answer.status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer made-up", "Basic YTpi"])
def test_nothing_is_given_without_a_good_token(header: str, call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        caller.session.headers["Authorization"] = header
        assert caller.get(LEDGERS).status_code == 401


def test_a_merchant_token_needs_the_subscription_key_as_well(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        del caller.session.headers["Ocp-Apim-Subscription-Key"]
        answer = caller.get(LEDGERS)
    assert answer.status_code == 401
    assert "Ocp-Apim-Subscription-Key" in answer.json()["message"]


def test_a_token_expires(call: type[Caller]) -> None:
    with Sandbox(WORLD, token_lifetime=0) as sandbox:
        answer = call(sandbox).get(LEDGERS)
    assert answer.status_code == 401
    assert "expired" in answer.json()["message"]


def test_no_secret_shows_in_a_printed_value() -> None:
    keys = Sandbox(WORLD).keys
    for secret in (keys.client_secret, keys.subscription_key, keys.accounting_client_secret):
        assert secret not in repr(keys)
