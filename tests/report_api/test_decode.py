import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.model import LedgerEntry
from settlement_bridge.report_api.strict_json import Untrue, parse
from settlement_bridge.report_api.v2 import decode_entries
from tests.report_api.conftest import LEDGER
from tests.report_api.server import entry, page

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
MONEY = st.integers(-(2**61), 2**61)
EARLY, LATE = datetime.fromisoformat("2018-01-01"), datetime.fromisoformat("2100-01-01")  # hypothesis adds the zone
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=3, minutes=30))])
ENTRIES = st.builds(
    LedgerEntry,
    psp_reference=TEXTS.filter(bool),
    time=st.datetimes(EARLY, LATE, timezones=ZONES),
    ledger_date=st.dates(date(2018, 1, 1), date(2100, 1, 1)),
    entry_type=TEXTS.filter(bool),
    reference=st.none() | TEXTS,
    amount=MONEY,
    balance_before=MONEY,
    handle=st.none() | TEXTS,
    extra=st.none()
    | st.dictionaries(st.sampled_from(["new", "b"]), st.integers(0, 9) | TEXTS, min_size=1).map(
        lambda extra: json.dumps(extra, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    ),
)


def decode(*items: dict[str, Any]) -> list[LedgerEntry]:
    return list(decode_entries(parse(json.dumps(page(list(items), "a")).encode())["items"], LEDGER))


def worded(each: LedgerEntry, offset: str) -> dict[str, Any]:
    time = each.time.isoformat(timespec="microseconds")
    return {
        "pspReference": each.psp_reference,
        "time": {"Z": time.replace("+00:00", "Z"), "+": time, "-": time[:-3] + time[-2:]}[offset],
        "ledgerDate": each.ledger_date.isoformat(),
        "entryType": each.entry_type,
        "reference": each.reference,
        "currency": "NOK",
        "amount": each.amount,
        "balanceBefore": each.balance_before,
        "balanceAfter": each.balance_after,
        "recipientHandle": each.handle,
        **json.loads(each.extra or "{}"),
    }


@given(st.lists(ENTRIES, max_size=6), st.sampled_from("Z+-"))
def test_entries_come_out_as_they_were_given(entries: list[LedgerEntry], offset: str) -> None:
    assert decode(*(worded(each, offset) for each in entries)) == entries


@pytest.mark.parametrize("field", ["amount", "balanceBefore", "balanceAfter"])
@pytest.mark.parametrize(
    "text", ["10.0", "1e2", "NaN", "Infinity", '"100"', "true", "null", "9223372036854775808", "9" * 400, "{}"]
)
def test_an_amount_that_is_no_whole_number_is_refused_and_named(field: str, text: str) -> None:
    body = json.dumps(page([entry(0), entry(1, **{field: "HERE"}), entry(2)], "a")).replace('"HERE"', text)
    with pytest.raises(Untrue, match=rf"^{field} is .* \(pspReference '3343121303', entry 2 of the page\)$"):
        decode_entries(parse(body.encode())["items"], LEDGER)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pspReference", ""),
        ("pspReference", None),
        ("pspReference", 5),
        ("entryType", ""),
        ("entryType", None),
        ("currency", "DKK"),
        ("currency", None),
        ("reference", 7),
        ("recipientHandle", {"a": 1}),
        ("time", "2022-10-01T16:33:00"),
        ("time", "2022-10-01"),
        ("time", "yesterday"),
        ("time", 1664642000),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("time", "9999-12-31T23:59:59-11:00"),
        ("ledgerDate", None),
        ("ledgerDate", "01.10.2022"),
        ("ledgerDate", 20221001),
        ("ledgerDate", "9999-12-31"),
        ("ledgerDate", "2022-10-01T00:00:00Z"),
    ],
)
def test_a_field_that_cannot_be_true_is_refused_and_named(field: str, value: object) -> None:
    with pytest.raises(Untrue, match=f"^{field} is {'.*' if isinstance(value, dict) else ''}"):
        decode(entry(0), entry(1, **{field: value}))


@pytest.mark.parametrize(
    "field", ["pspReference", "time", "ledgerDate", "entryType", "currency", "amount", "balanceAfter"]
)
def test_a_missing_field_is_refused_and_named(field: str) -> None:
    item = entry(1)
    del item[field]
    with pytest.raises(Untrue, match=f"^{field} is None"):
        decode(entry(0), item)


def test_null_and_missing_references_and_handles_are_fine() -> None:
    item = entry(1, reference=None)
    del item["recipientHandle"]
    assert [(each.reference, each.handle, each.extra) for each in decode(item)] == [(None, None, None)]


def test_an_unknown_type_is_kept_and_unknown_fields_too() -> None:
    (each,) = decode(entry(0, entryType="gift-from-mars", zeta=1, alpha={"b": [1.5], "a": None}))
    assert each.entry_type == "gift-from-mars"
    assert each.extra == '{"alpha":{"a":null,"b":[1.5]},"zeta":1}'


def test_unknown_fields_are_the_same_text_however_the_page_was_written() -> None:
    item = entry(0, zeta=2**70, alpha=[{"b": 1e3}])
    spaced = parse(json.dumps(page([item], "a"), separators=(",", " : ")).encode())["items"]
    assert decode_entries(spaced, LEDGER) == decode(item)


def test_personal_fields_are_not_kept() -> None:
    (each,) = decode(entry(0, message="Happy birthday", name="Ola Nordmann", maskedPhoneNo="xxxx 1234"))
    assert each.extra is None


def test_balances_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(Untrue, match=r"balanceBefore 100 and amount 100 do not make balanceAfter 201 .*3343121303"):
        decode(entry(0), entry(1, balanceAfter=201), entry(2))


@pytest.mark.parametrize("entry_type", ["payout-scheduled", "scheduled-for-payout"])
def test_a_payout_of_another_ledger_is_refused(entry_type: str) -> None:
    with pytest.raises(Untrue, match="about another ledger: pspReference '302322-2000023' names ledger 302322"):
        decode(entry(0, entryType=entry_type, pspReference="302322-2000023"))


@pytest.mark.parametrize("psp_reference", ["302321-2000023", "2000023", "01H7W7Q6Y5R-3G58CTAZX0MHKV2"])
def test_a_payout_of_this_ledger_is_taken(psp_reference: str) -> None:
    assert decode(entry(0, entryType="payout-scheduled", pspReference=psp_reference))[0].psp_reference == psp_reference


def test_other_entries_may_name_what_they_like() -> None:
    assert decode(entry(0, entryType="fees-retained", pspReference="12345-2000321"))


@pytest.mark.parametrize(
    ("time", "instant"),
    [
        ("2024-10-27T02:30:00+02:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        ("2024-10-27T02:30:00+0100", datetime(2024, 10, 27, 1, 30, tzinfo=UTC)),
        ("2024-03-31T01:30:00.5Z", datetime(2024, 3, 31, 1, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_both_nights_of_the_clock_change_keep_instant_and_ledger_date(time: str, instant: datetime) -> None:
    (each,) = decode(entry(0, time=time, ledgerDate="2024-10-26"))
    assert (each.time, each.ledger_date) == (instant, date(2024, 10, 26))
