"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest

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
