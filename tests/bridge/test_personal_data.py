"""Names and messages of payers: only where asked for, only in their columns, only for a while (issue 3)."""

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import openpyxl
import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.outcome import NoProgress
from settlement_bridge.bridge.render import render
from settlement_bridge.bridge.resync import resync
from settlement_bridge.bridge.serving import with_served_outlet
from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.bridge.sync import Sync
from settlement_bridge.cli.sandbox_config import sandbox_config
from settlement_bridge.config import Configuration
from settlement_bridge.model import Book
from settlement_bridge.publish import LocalDestination
from settlement_bridge.report_api import ReportApi
from settlement_bridge.sandbox import Sandbox, recorded, scenario
from settlement_bridge.store import DocumentPlace, Store
from tests.books import Books
from tests.bridge.conftest import api_settings, bridge_settings
from tests.recording import record

CLUB = scenario("sports-club", until=date(2026, 3, 29), days=28)
LEDGER = "302322"
NOW = datetime(2026, 3, 30, 9, tzinfo=UTC)
YEAR = timedelta(days=365)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlY4inKzfhFwa8w6ZxpjzUswtnZTxQaWSWsNKxC6NoE import"


def settings_for(folder: Path, retention: timedelta | None) -> BridgeSettings:
    folder.mkdir(exist_ok=True)
    forms = (formats.get("xlsx"), formats.get("csv", csv_layout="table"), formats.get("xml"))
    outlet = Outlet(LocalDestination(folder), forms)
    return replace(bridge_settings(), outlets=(outlet,), retention=retention)


def sync(sandbox: Sandbox, store: Store, settings: BridgeSettings, now: datetime = NOW) -> None:
    """Run as a configuration of these settings would."""
    with closing(ReportApi(replace(api_settings(sandbox), personal_data=settings.retention is not None))) as api:
        assert Sync(store, api, settings, lambda: now, NoProgress(), Event()).run().exit_code == 0


def told(sandbox_world: Any = CLUB) -> dict[str, dict[str, str]]:
    """Return what the API says of payers, by pspReference."""
    rows = sandbox_world.find(LEDGER).book(Book.FUNDS)
    items = map(json.loads, rows.json(0, len(rows), personal=True))
    return {item["pspReference"]: item for item in items if "name" in item}


def lines(folder: Path) -> list[dict[str, str]]:
    """Return every line of every table CSV, by its column names."""
    found = []
    for path in sorted(folder.rglob("*.csv")):
        found += list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert found
    return found


def sheet_rows(folder: Path) -> list[tuple[str, ...]]:
    """Return TransactionID and the personal columns of every transaction in every workbook."""
    found = []
    for path in sorted(folder.rglob("*.xlsx")):
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        assert [sheet.cell(8, column).value for column in (15, 16, 17)] == ["Fornavn", "Etternavn", "Melding"]
        for row in sheet.iter_rows(min_row=9, max_col=17, values_only=True):
            if row[6] is not None:
                found.append(tuple(str(row[column] or "") for column in (4, 14, 15, 16)))
    return found


def bytes_of(store_file: Path) -> bytes:
    """Return everything the database has on disk, its log and free pages included."""
    return b"".join(path.read_bytes() for path in sorted(store_file.parent.glob(f"{store_file.name}*")))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(CLUB, page_size=20) as running:
        yield running


def test_nothing_personal_is_asked_for_kept_or_written_by_default(
    sandbox: Sandbox, store: Store, tmp_path: Path
) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", None))
    assert not any("GDPR" in request.target for request in sandbox.requests)
    assert store.payers.find(LEDGER, list(told())) == {}
    assert "Fornavn" not in lines(tmp_path / "to")[0]
    assert "Melding" not in lines(tmp_path / "to")[0]


def test_every_page_is_asked_for_with_personal_data(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", YEAR))
    pages = [request.target for request in sandbox.requests if request.target.startswith("/report/")]
    assert len(pages) > 6
    assert all("includeGDPRSensitiveData=true" in target for target in pages)
    assert not any("GDPR" in request.target for request in sandbox.requests if request.target not in pages)


def test_names_and_messages_stand_in_their_columns(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", YEAR))
    by_order = {item["name"]: item["name"].rpartition(" ")[::2] for item in told().values()}
    found = sheet_rows(tmp_path / "to")
    assert found == [
        (one["Transaksjons-ID"], one["Fornavn"], one["Etternavn"], one["Melding"]) for one in lines(tmp_path / "to")
    ]
    names = {(first, last) for _, first, last, _ in found}
    assert names >= set(by_order.values())
    captures = {psp: item for psp, item in told().items() if psp.isdecimal()}
    for number, first, last, message in found:
        if number in captures:
            assert f"{first} {last}" == captures[number]["name"]
            assert message == captures[number]["message"]
    assert len(captures.keys() & {number for number, *_ in found}) > 10


def test_no_other_format_and_nothing_else_in_the_store_has_them(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", YEAR))
    for path in (tmp_path / "to").rglob("*.xml"):
        assert "Kari" not in path.read_text(encoding="utf-8")
    phones = {item["maskedPhoneNo"].encode() for item in told().values()}
    everything = bytes_of(tmp_path / "state.db")
    assert b"Lodd" in everything
    assert not any(phone in everything for phone in phones)


def test_what_is_older_than_the_retention_is_never_kept(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    retention = timedelta(days=10)
    sync(sandbox, store, settings_for(tmp_path / "to", retention))
    kept = store.payers.find(LEDGER, list(told())).values()
    assert kept
    assert min(payer.time for payer in kept) >= NOW - retention
    assert len(kept) < len(told())


def test_after_the_retention_no_byte_of_them_is_left_in_the_store(
    sandbox: Sandbox, store: Store, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "to", timedelta(days=60))
    sync(sandbox, store, settings)
    assert b"Mikkel" in bytes_of(tmp_path / "state.db")
    published = lines(tmp_path / "to")
    sync(sandbox, store, settings, NOW + timedelta(days=61))
    everything = bytes_of(tmp_path / "state.db")
    for word in ("Mikkel", "Kari", "Åse", "Lodd", "Dugnad"):
        assert word.encode() not in everything
    assert lines(tmp_path / "to") == published, "published files stay as they are (rule 23)"


def test_only_those_whose_time_is_up_are_purged(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    retention = timedelta(days=20)
    settings = settings_for(tmp_path / "to", retention)
    sync(sandbox, store, settings)
    later = NOW + timedelta(days=5)
    sync(sandbox, store, settings, later)
    kept = store.payers.find(LEDGER, list(told())).values()
    young = [item for item in told().values() if datetime.fromisoformat(item["time"]) >= later - retention]
    assert len(kept) == len(young) > 0


def test_what_is_no_longer_wanted_is_forgotten_at_the_next_run(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", YEAR))
    sync(sandbox, store, settings_for(tmp_path / "to", None))
    assert store.payers.find(LEDGER, list(told())) == {}
    assert b"Mikkel" not in bytes_of(tmp_path / "state.db")


def test_a_ledger_read_before_gets_its_names_by_resync(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    sync(sandbox, store, settings_for(tmp_path / "to", None))
    settings = settings_for(tmp_path / "to", YEAR)
    sync(sandbox, store, settings)
    assert store.payers.find(LEDGER, list(told())) == {}
    with closing(ReportApi(replace(api_settings(sandbox), personal_data=True))) as api:
        resync(store, api, settings.rules, LEDGER, lambda: NOW, NoProgress(), settings.retention)
    assert len(store.payers.find(LEDGER, list(told()))) == len(told())
    (_, write), *_ = render(store, settings, LEDGER, 2000001, FormatChoice("csv", csv_layout="table"), NOW)
    stream = io.BytesIO()
    write(stream)
    assert "Melding" in stream.getvalue().decode()


def test_files_that_the_store_serves_for_ever_have_no_names(sandbox: Sandbox, store: Store, tmp_path: Path) -> None:
    data = tomllib.loads(sandbox_config(sandbox.url, sandbox.keys, {}))
    user = {"name": "job", "authorized_keys": (KEY,), "sales_units": ("57860",), "formats": ("csv", "xlsx")}
    server = {"listen": "127.0.0.1:0", "csv_layout": "table", "users": (user,)}
    data = data | {"destinations": (), "sftp_server": server}
    settings = with_served_outlet(
        settings_for(tmp_path / "to", YEAR), Configuration.from_data(data, tmp_path), store, lambda: NOW
    )
    sync(sandbox, store, settings)
    for path in (tmp_path / "to").rglob("*.csv"):
        place = DocumentPlace("csv", *path.parts[-3:])
        document = store.documents.published(place)
        assert document is not None
        served = store.documents.chunk(document.document_id, 0).decode()
        assert "Fornavn" in path.read_text(encoding="utf-8")
        assert "Fornavn" not in served
        assert "Mikkel" not in served


def test_a_dispute_has_no_payer_and_a_formula_stays_text(store: Store, tmp_path: Path) -> None:
    books = Books()
    psp = books.capture("A", 100_00)
    books.dispute(psp, 100_00)
    books.capture("B", 300_00)
    books.end_of_day()
    folder = record(books, tmp_path / "recorded")
    funds = json.loads((folder / "funds.json").read_text())
    said = {"name": "=cmd() Nordmann", "message": "+1\n@x"}
    (folder / "funds.json").write_text(json.dumps([item | said for item in funds]))
    now = books.now
    with Sandbox(recorded(folder)) as sandbox:
        sync(sandbox, store, settings_for(tmp_path / "to", YEAR), now)
    capture, dispute, _ = sheet_rows(tmp_path / "to")
    assert capture[1:] == ("=cmd()", "Nordmann", "+1 @x")
    assert dispute[1:] == ("", "", "")
    first, *_ = lines(tmp_path / "to")
    assert (first["Fornavn"], first["Melding"]) == ("'=cmd()", "'+1 @x")
