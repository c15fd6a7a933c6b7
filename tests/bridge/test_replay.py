"""Published samples and a book made by hand, through HTTP to files on disk (settlement files, both dialects)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.model import Organization
from settlement_bridge.sandbox import Sandbox, recorded
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.store import Store
from settlement_bridge.transaction_ids import transaction_number
from tests.bridge.conftest import Run, bridge_settings, published

SAMPLES = ("example-net", "sportsklubb")


def settings_for(recording: Path, folder: Path) -> BridgeSettings:
    """Configure what the Report API does not know; v1 does not even know the sales units' names."""
    organizations = json.loads((recording / "organizations.json").read_text())
    ledgers = json.loads((recording / "ledgers.json").read_text())
    directory = Directory(
        organizations={number: Organization(**known) for number, known in organizations.items()},
        sales_unit_names={
            unit["recipientHandle"].partition(":")[2]: unit["name"]
            for ledger in ledgers
            for unit in ledger["salesUnits"]
        },
    )
    return bridge_settings(folder, rules=SettlementRules(directory))


def assert_as_published(reference: Path, recording: Path, folder: Path) -> None:
    expected = sorted((recording / "expected").glob("*.xml"))
    assert sorted(Path(path).name for path in published(folder)) == [file.name for file in expected]
    for file in expected:
        (actual,) = folder.rglob(file.name)
        compare = reference / "conformance" / "compare_settlement_xml.py"
        command = [sys.executable, str(compare), str(file), str(actual)]
        compared = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
        assert compared.returncode == 0, compared.stdout + compared.stderr


@pytest.mark.parametrize("page_size", [1, 7, 1000])
@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_published_sample_comes_out_as_it_was(
    reference: Path, tmp_path: Path, run: Run, sample: str, dialect: Any, page_size: int
) -> None:
    recording = reference / "reference" / "replay" / sample
    folder = tmp_path / "importers"
    with Sandbox(recorded(recording), dialect=dialect, page_size=page_size) as sandbox:
        assert run(sandbox, settings_for(recording, folder)).exit_code == 0
    assert_as_published(reference, recording, folder)


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_that_grows_one_entry_at_a_time_comes_out_as_it_was(
    reference: Path, tmp_path: Path, run: Run, sample: str, dialect: Any
) -> None:
    recording = reference / "reference" / "replay" / sample
    folder = tmp_path / "importers"
    settings = settings_for(recording, folder)
    seen: dict[str, bytes] = {}
    with Sandbox(recorded(recording), dialect=dialect, page_size=7) as sandbox:
        for entries in range(entries_in(recording, dialect) + 1):
            sandbox.reveal(entries)
            assert run(sandbox, settings).exit_code == 0
            files = published(folder)
            assert files.items() >= seen.items()
            seen = files
    assert_as_published(reference, recording, folder)


def entries_in(recording: Path, dialect: str) -> int:
    if dialect == "v1":
        return sum(map(len, json.loads((recording / "v1-transactions.json").read_text()).values()))
    return sum(len(json.loads((recording / f"{book}.json").read_text())) for book in ("funds", "fees"))


@pytest.mark.parametrize("grown", [False, True])
@pytest.mark.parametrize("page_size", [1, 7, 1000])
def test_the_book_made_by_hand_comes_to_what_it_should(
    reference: Path, tmp_path: Path, run: Run, store: Store, page_size: int, grown: bool
) -> None:
    recording = reference / "reference" / "replay" / "made-net"
    folder = tmp_path / "importers"
    settings = settings_for(recording, folder)
    with Sandbox(recorded(recording), dialect="v2", page_size=page_size) as sandbox:
        for entries in range(entries_in(recording, "v2") + 1) if grown else [None]:
            sandbox.reveal(entries)
            assert run(sandbox, settings).exit_code == 0
    expected = json.loads((recording / "expected.json").read_text())
    files = published(folder)
    assert len(files) == sum(map(len, expected.values()))
    for payout, by_msn in expected.items():
        for msn, wanted in by_msn.items():
            file = files[f"912345678/{msn}/{msn}-{payout}.xml"]
            assert shown(file, "times" in wanted) == as_shown(wanted)


def shown(file: bytes, with_times: bool) -> dict[str, Any]:
    """Read a file back as `expected.json` words it."""
    root = etree.fromstring(file)

    def text(name: str, within: Any = root) -> str:
        return within.findtext(f".//{{*}}{name}") or ""

    rows = [
        [text(f"Transaction{kind}", row) for kind in ("CaptureAmount", "RefundAmount", "FeeAmount")]
        + [text("OrderID", row), text("TransactionID", row)]
        for row in root.iterfind(".//{*}TransactionInfo")
    ]
    times = [text("TransactionTime", row) for row in root.iterfind(".//{*}TransactionInfo")]
    found = {"rows": rows, "times": times if with_times else None}
    names = ("SettlementType", "SettledAmount", "SettlementDate", "ReportDateFrom", "ReportDateTo")
    return found | {name: text(name) for name in names}


def as_shown(wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": [
            [
                *(decimal(row[kind]) for kind in ("capture", "refund", "fee")),
                row["order_id"],
                str(transaction_number(row["id_from"])),
            ]
            for row in wanted["rows"]
        ],
        "times": wanted.get("times"),
        "SettlementType": wanted["type"],
        "SettledAmount": decimal(wanted["settled"]),
        "SettlementDate": wanted["date"],
        "ReportDateFrom": wanted["date_from"],
        "ReportDateTo": wanted["date"],
    }


def decimal(minor_units: int) -> str:
    """Write an amount in another way than the product does."""
    return f"{minor_units / 100:.2f}"
