"""A client that is as simple as can be, so that the tests see the sandbox and nothing else."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from settlement_bridge.sandbox import Keys, Sandbox

TIMEOUT = 10


class Caller:
    """Asks a sandbox with merchant keys."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.keys = sandbox.keys
        self.session = requests.Session()
        self.session.headers["Ocp-Apim-Subscription-Key"] = self.keys.subscription_key
        self.renew()

    def renew(self) -> None:
        token = merchant_token(self.url, self.keys).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.url + path, params=query, timeout=TIMEOUT)

    def page(self, path: str, **query: str) -> dict[str, Any]:
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    def feed(self, ledger_id: str, book: str, **query: str) -> list[dict[str, Any]]:
        """Read a feed to its end."""
        path = f"/report/v2/ledgers/{ledger_id}/{book}/feed"
        page = self.page(path, **query)
        items = page["items"]
        while not page["tryLater"]:
            page = self.page(path, cursor=page["cursor"], **query)
            items += page["items"]
        return list(items)

    def payout(self, ledger_id: str, number: int) -> list[dict[str, Any]]:
        """Read the v1 transactions of a payout."""
        path = "/report/v1/ledgertransactions"
        page = self.page(path, ledgerId=ledger_id, inPayout=str(number))
        items = page["items"]
        while page["cursor"]:
            page = self.page(path, ledgerId=ledger_id, cursor=page["cursor"])
            items += page["items"]
        return list(items)

    def ledgers(self, **query: str) -> list[dict[str, Any]]:
        """Read the list of ledgers to its end."""
        page = self.page("/settlement/v1/ledgers", **query)
        items = page["items"]
        while page["cursor"]:
            page = self.page("/settlement/v1/ledgers", cursor=page["cursor"])
            items += page["items"]
        return list(items)


def merchant_token(url: str, keys: Keys, **headers: str) -> requests.Response:
    sent = {
        "client_id": keys.client_id,
        "client_secret": keys.client_secret,
        "Ocp-Apim-Subscription-Key": keys.subscription_key,
        **headers,
    }
    return requests.post(f"{url}/accesstoken/get", headers=sent, timeout=TIMEOUT)


def accounting_token(url: str, client_id: str, client_secret: str) -> requests.Response:
    form = {"grant_type": "client_credentials"}
    return requests.post(f"{url}/miami/v1/token", data=form, auth=(client_id, client_secret), timeout=TIMEOUT)


@pytest.fixture
def call() -> Iterator[type[Caller]]:
    """Makes callers; their connections are closed behind the test."""
    made: list[Caller] = []

    class Closing(Caller):
        def __init__(self, sandbox: Sandbox) -> None:
            super().__init__(sandbox)
            made.append(self)

    yield Closing
    for caller in made:
        with closing(caller.session):
            pass
