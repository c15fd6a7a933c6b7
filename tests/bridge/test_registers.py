"""Names and addresses from the registers, in whole runs against a real sandbox that serves both (rule 14)."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from settlement_bridge.bridge.format_choice import XML
from settlement_bridge.bridge.render import render, republish
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.model import Organization
from settlement_bridge.registers import Enhetsregisteret, Registers, Ytj
from settlement_bridge.sandbox import Sandbox, recorded, register_addresses
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.store import DeliveryState, Store
from tests.bridge.conftest import Run, bridge_settings, published

NOW = datetime(2027, 6, 1, tzinfo=UTC)
OWNER, BRANCH, FINNISH = "912345678", "923456789", "2283132-3"
SHOP = {"name": "Fjellvak AS", "address": "Storgata 1", "zip_code": "0155", "city": "OSLO", "country_code": "NOR"}
STALL = {"name": "Fjellvak avd Bod", "address": "Torget 2", "zip_code": "5014", "city": "BERGEN", "country_code": "NOR"}
OY = {"name": "Hylje Oy", "address": "Hyljetie 18", "zip_code": "02260", "city": "ESPOO", "country_code": "FIN"}


def sale(order: str, handle: str, amount: int, before: int) -> dict[str, Any]:
    return entry("capture", f"33431213{before:04}", order, amount, before, handle)


def entry(kind: str, psp: str, reference: str, amount: int, before: int, handle: str | None) -> dict[str, Any]:
    return {
        "pspReference": psp,
        "time": f"2026-01-05T10:{before // 1000:02}:00Z",
        "ledgerDate": "2026-01-05",
        "entryType": kind,
        "reference": reference,
        "currency": "NOK",
        "amount": amount,
        "balanceBefore": before,
        "balanceAfter": before + amount,
        "recipientHandle": handle,
    }


def unit(handle: str, scheme: str, number: str) -> dict[str, Any]:
    return {"name": None, "recipientHandle": handle, "businessIdentifier": {"scheme": scheme, "id": number}}


def record(folder: Path, organizations: Mapping[str, Mapping[str, str]]) -> Path:
    """Write a joint ledger of an entity, a subentity and a Finnish company, with one payout."""
    folder.mkdir(exist_ok=True)
    norway, finland = "business:NO:ORG", "business:FI:Y-tunnus"
    ledger = {
        "ledgerId": "302321",
        "currency": "NOK",
        "payoutBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"},
        "owner": {"scheme": norway, "id": OWNER},
        "settlesForRecipientHandles": ["api:100001", "api:100002", "FI:100003"],
        "salesUnits": [
            unit("api:100001", norway, OWNER),
            unit("api:100002", norway, BRANCH),
            unit("FI:100003", finland, FINNISH),
        ],
    }
    funds = [
        sale("A", "api:100001", 1000, 0),
        sale("B", "api:100002", 2000, 1000),
        sale("C", "FI:100003", 3000, 3000),
        entry("payout-scheduled", "302321-2000001", "Vipps utbet. 2000001", -6000, 6000, None),
    ]
    for name, content in {"ledgers": [ledger], "funds": funds, "organizations": organizations}.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return record(tmp_path / "recorded", {OWNER: SHOP, BRANCH: STALL, FINNISH: OY})


def settings_for(sandbox: Sandbox, folder: Path, timeout: float = 2.0, **organizations: Organization) -> BridgeSettings:
    where = register_addresses(sandbox.url)
    registers = Registers((Enhetsregisteret(where["norway"], timeout), Ytj(where["finland"], timeout)))
    known = {number.removeprefix("_"): details for number, details in organizations.items()}
    settings = bridge_settings(folder, rules=SettlementRules(Directory(known)))
    return replace(settings, registers=registers)


def asked(sandbox: Sandbox) -> list[str]:
    """Return what the registers were asked for."""
    return sorted(one.target for one in sandbox.requests if not one.target.startswith(("/access", "/rep", "/settl")))


def merchants(folder: Path) -> dict[str, list[str]]:
    """Return what each published file says of its merchant, by MSN."""
    names = ("OrganizationName", "MainAddress", "MainAddressZipCode", "MainAddressCity", "MainAddressCountryCode")
    found = {}
    for path, content in published(folder).items():
        root = etree.fromstring(content)
        found[Path(path).name.partition("-")[0]] = [root.findtext(f".//{{*}}{name}") or "" for name in names]
    return found


def test_rule_14_the_registers_name_whom_the_configuration_does_not(world: Path, tmp_path: Path, run: Run) -> None:
    with Sandbox(recorded(world)) as sandbox:
        assert run(sandbox, settings_for(sandbox, tmp_path / "to")).exit_code == 0
        assert merchants(tmp_path / "to") == {
            "100001": list(SHOP.values()),
            "100002": list(STALL.values()),
            "100003": list(OY.values()),
        }
        assert asked(sandbox) == [
            f"/enhetsregisteret/api/enheter/{OWNER}",
            f"/enhetsregisteret/api/enheter/{BRANCH}",
            f"/enhetsregisteret/api/underenheter/{BRANCH}",
            f"/opendata-ytj-api/v3/companies?businessId={FINNISH}",
        ]


def test_rule_14_what_the_configuration_describes_is_never_asked_for(world: Path, tmp_path: Path, run: Run) -> None:
    ours = Organization(name="From the configuration")
    with Sandbox(recorded(world)) as sandbox:
        run(sandbox, settings_for(sandbox, tmp_path / "to", _912345678=ours, _923456789=ours))
        found = merchants(tmp_path / "to")
        assert found["100001"] == found["100002"] == ["From the configuration", "", "", "", ""]
        assert asked(sandbox) == [f"/opendata-ytj-api/v3/companies?businessId={FINNISH}"]


def test_without_lookup_nobody_is_asked(world: Path, tmp_path: Path, run: Run) -> None:
    with Sandbox(recorded(world)) as sandbox:
        run(sandbox, bridge_settings(tmp_path / "to"))
        assert merchants(tmp_path / "to")["100001"] == [""] * 5
        assert asked(sandbox) == []


def test_rule_14_an_answer_is_kept_for_thirty_days(
    world: Path, tmp_path: Path, run: Run, store: Store, another_store: Store
) -> None:
    with Sandbox(recorded(world)) as sandbox:

        def again(folder: str, now: datetime) -> int:
            before = len(asked(sandbox))
            settings = settings_for(sandbox, tmp_path / folder)
            assert run(sandbox, settings, clock=lambda: NOW).exit_code == 0
            republish(store, settings, "302321", 2000001, now)
            return len(asked(sandbox)) - before

        assert again("first", NOW) == 4
        assert again("second", NOW + timedelta(days=29)) == 0
        assert again("third", NOW + timedelta(days=30)) == 4
        assert merchants(tmp_path / "third") == merchants(tmp_path / "first")


def test_what_a_register_does_not_know_is_asked_for_again_the_next_day(tmp_path: Path, run: Run, store: Store) -> None:
    empty = record(tmp_path / "recorded", {})
    with Sandbox(recorded(empty)) as sandbox:
        settings = settings_for(sandbox, tmp_path / "to")
        run(sandbox, settings, clock=lambda: NOW)
        assert merchants(tmp_path / "to")["100001"] == [""] * 5
        first = len(asked(sandbox))
        for later, more in ((timedelta(hours=23), 0), (timedelta(hours=24), first)):
            before = len(asked(sandbox))
            republish(store, settings, "302321", 2000001, NOW + later)
            assert len(asked(sandbox)) - before == more


@pytest.mark.parametrize("fault", ["503", "html", "hang", "slow:seconds=30", "drip", "cut", "reset"])
def test_rule_14_a_register_that_fails_stops_no_file_and_delays_none(
    world: Path, tmp_path: Path, run: Run, fault: str
) -> None:
    anywhere = f"{fault}{',' if ':' in fault else ':'}times=forever,path="
    faults = [f"{anywhere}/enhetsregisteret/", f"{anywhere}/opendata-ytj-api/"]
    with Sandbox(recorded(world), faults=faults) as sandbox:
        settings = settings_for(sandbox, tmp_path / "to", timeout=0.5)
        begin = time.monotonic()
        assert run(sandbox, settings).exit_code == 0
        assert time.monotonic() - begin < 5
        assert merchants(tmp_path / "to") == {"100001": [""] * 5, "100002": [""] * 5, "100003": [""] * 5}
        assert len(asked(sandbox)) <= 3, "a register that failed is left alone (a 404 has no body to break off)"


def test_an_old_answer_is_better_than_none(world: Path, tmp_path: Path, run: Run, store: Store) -> None:
    with Sandbox(recorded(world)) as sandbox:
        run(sandbox, settings_for(sandbox, tmp_path / "to"), clock=lambda: NOW)
        gone = settings_for(sandbox, tmp_path / "again")
    republish(store, gone, "302321", 2000001, NOW + timedelta(days=400))
    assert merchants(tmp_path / "again") == merchants(tmp_path / "to")


def test_rule_14_what_the_first_file_said_is_what_a_later_one_says(
    world: Path, tmp_path: Path, run: Run, store: Store
) -> None:
    with Sandbox(recorded(world)) as sandbox:
        run(sandbox, settings_for(sandbox, tmp_path / "to"), clock=lambda: NOW)
    record(world, {OWNER: SHOP | {"name": "Renamed AS"}, BRANCH: STALL, FINNISH: OY})
    later = NOW + timedelta(days=60)
    with Sandbox(recorded(world)) as renamed:
        settings = settings_for(renamed, tmp_path / "later")
        run(renamed, settings, clock=lambda: later)
        assert published(tmp_path / "later") == published(tmp_path / "to")
        stream = BytesIO()
        (_, write), *_ = render(store, settings, "302321", 2000001, XML, later)
        write(stream)
        assert stream.getvalue() in published(tmp_path / "to").values()
        assert asked(renamed) == []
        for path in (tmp_path / "later").rglob("*.xml"):
            path.unlink()
        states = {one.state for one in republish(store, settings, "302321", 2000001, later)}
        assert states == {DeliveryState.DELIVERED}
        assert merchants(tmp_path / "later")["100001"][0] == "Renamed AS"
