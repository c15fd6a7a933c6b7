"""A scripted server for every test that wants one, and a client that asks it impatiently."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settlement_bridge.model import Identifier, Ledger
from settlement_bridge.report_api import ApiSettings, ReportApi
from tests.report_api.server import Server

MakeApi = Callable[..., ReportApi]
LEDGER = Ledger("302321", "NOK", Identifier("business:NO:ORG", "987654321"), None, ("api:123455",))


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def make_api(server: Server) -> Iterator[MakeApi]:
    """Return a maker of clients for the server, with waits too short to notice."""
    made = []

    def make(stop: Any = None, **changes: Any) -> ReportApi:
        wanted: dict[str, Any] = {
            "base_url": server.url,
            "dialect": "auto",
            "keys": "merchant",
            "client_id": "an-id",
            "client_secret": "a-secret",
            "subscription_key": "a-subscription",
            "merchant_serial_number": "123456",
            "longest_wait": 0.01,
            "attempts": 3,
            **changes,
        }
        made.append(ReportApi(ApiSettings(**wanted), stop))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(make_api: MakeApi) -> ReportApi:
    return make_api()


@pytest.fixture
def v1_api(make_api: MakeApi) -> ReportApi:
    return make_api(dialect="v1")
