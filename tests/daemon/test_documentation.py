"""docs/daemon.md names every event and every metric, and none that is not there."""

import re

import settlement_bridge
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.metrics import Metrics
from settlement_bridge.model import PayoutState
from settlement_bridge.store import DeliveryState
from tests.documents import ROOT, prose

PAGE = ROOT / "docs" / "daemon.md"
PACKAGE = ROOT / settlement_bridge.__name__ / "daemon"


def told(header: str) -> set[str]:
    """Return the names in the first column of the table with a header."""
    _, _, table = prose(PAGE).partition(f"| {header} |")
    first = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines() if line.startswith("| `")]
    return set(re.findall("`([a-z_]+)`", " ".join(first)))


def logged() -> set[str]:
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    names = set(re.findall(r"logs\.(?:event|trouble)\(\s*\"([a-z_]+)\"", code))
    names |= set(re.findall(r'name = "([a-z_]+)" if .* else "([a-z_]+)"', code).pop())
    assert 'f"file_{' in code
    assert 'f"payout_{' in code
    names |= {f"file_{state}" for state in DeliveryState if state is not DeliveryState.PUBLISHING}
    return names | {f"payout_{state}" for state in PayoutState} | {logs.OTHER}


def test_every_event_is_told_and_no_other() -> None:
    assert told("event") == logged()


def test_every_metric_is_told_and_no_other() -> None:
    named = re.findall(r"^# TYPE (settlement_bridge_\w+) ", Metrics().text().decode(), re.MULTILINE)
    assert told("metric") == {name for name in named if not name.endswith("_created")}
