"""A scripted server in the place of a public register."""

import pytest

from settlement_bridge.registers import Enhetsregisteret, Ytj
from tests.report_api.conftest import server
from tests.report_api.server import Server

__all__ = ["server"]

TIMEOUT = 0.5


@pytest.fixture
def norway(server: Server) -> Enhetsregisteret:
    return Enhetsregisteret(f"{server.url}/enhetsregisteret/api", TIMEOUT)


@pytest.fixture
def finland(server: Server) -> Ytj:
    return Ytj(f"{server.url}/opendata-ytj-api/v3", TIMEOUT)
