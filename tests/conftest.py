"""Fixtures that every room's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

ON_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def require(present: object, sentence: str) -> None:
    """Skip with a sentence where a real part is missing; in CI a missing part is a failure."""
    if present:
        return
    if ON_CI:
        pytest.fail(f"CI must have every real part: {sentence}")
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of published reference data, which only those who were given it have."""
    folder = os.environ.get("SETTLEMENT_BRIDGE_REFERENCE")
    require(folder, "set SETTLEMENT_BRIDGE_REFERENCE to the folder of published reference data")
    return Path(str(folder))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A running server: one a test worker, so that workers need not know of one another."""
    from tests import postgresql  # noqa: PLC0415  (it wants `require` from here)

    given = postgresql.address_given()
    if given is not None:
        yield given
        return
    with postgresql.private_server() as server:
        yield server
