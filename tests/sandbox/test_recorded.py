"""Recorded ledgers are served as they were recorded."""

import json
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox import Sandbox, recorded
from tests.sandbox.conftest import Caller

ENTRY = {
    "pspReference": "1",
    "time": "2021-03-01T09:00:00.000000+0100",
    "ledgerDate": "2021-03-01",
    "entryType": "capture",
    "reference": "lone \ud800 and \x00 and 😀",
    "amount": 12.5,
    "madeUp": [1],
}


def record(folder: Path, ledger_id: str, **files: Any) -> Path:
    folder.mkdir()
    ledger = {"ledgerId": ledger_id, "currency": "NOK", "settlesForRecipientHandles": []}
    for name, content in {"ledgers": [ledger], **files}.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(content))
    return folder


def test_whatever_was_recorded_comes_back(tmp_path: Path, call: type[Caller]) -> None:
    folder = record(tmp_path / "odd", "1", funds=[ENTRY])
    with Sandbox(recorded(folder)) as sandbox:
        caller = call(sandbox)
        assert caller.feed("1", "funds") == [ENTRY]
        assert caller.feed("1", "fees") == []


def test_a_folder_of_folders_is_one_world(tmp_path: Path, call: type[Caller]) -> None:
    record(tmp_path / "a", "1")
    record(tmp_path / "b", "2", organizations={"312345678": {"name": "B"}})
    world = recorded(tmp_path)
    assert dict(world.organizations) == {"312345678": {"name": "B"}}
    with Sandbox(world) as sandbox:
        assert [ledger["ledgerId"] for ledger in call(sandbox).ledgers()] == ["1", "2"]


def test_a_ledger_recorded_twice_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "a", "1")
    record(tmp_path / "b", "1")
    with pytest.raises(ConfigurationError, match="ledger 1 is recorded in two folders"):
        recorded(tmp_path)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"ledgers": []}, "has 0 items"),
        ({"funds": [{"time": "soon"}]}, "KeyError: 'ledgerDate'"),
        ({"v1_transactions": {"2000001": [], "2000003": []}}, "do not rise by one"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, files: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        recorded(record(tmp_path / "broken", "1", **files))
    assert str(tmp_path / "broken") in str(caught.value)


def test_an_empty_folder_and_a_broken_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no recorded ledger"):
        recorded(tmp_path)
    (tmp_path / "ledgers.json").write_text("[")
    with pytest.raises(ConfigurationError, match=r"ledgers\.json is not JSON"):
        recorded(tmp_path)


@pytest.mark.parametrize("page_size", [1, 7, 1000])
@pytest.mark.parametrize("name", ["example-net", "made-net", "sportsklubb"])
def test_published_recordings_come_back_in_both_dialects(
    reference: Path, call: type[Caller], name: str, page_size: int
) -> None:
    folder = reference / "reference" / "replay" / name

    def held(file: str) -> Any:
        return json.loads((folder / file).read_text())

    world = recorded(folder)
    ledger_id = held("ledgers.json")[0]["ledgerId"]
    with Sandbox(world, page_size=page_size) as sandbox:
        caller = call(sandbox)
        assert caller.ledgers() == held("ledgers.json")
        assert caller.feed(ledger_id, "funds") == held("funds.json")
        assert caller.feed(ledger_id, "fees") == held("fees.json")
    with Sandbox(world, dialect="v1", page_size=page_size) as sandbox:
        caller = call(sandbox)
        (ledger,), (expected,) = caller.ledgers(), held("v1-ledgers.json")
        assert (ledger["firstPayout"], ledger["lastPayout"]) == (expected["firstPayout"], expected["lastPayout"])
        for number, rows in held("v1-transactions.json").items():
            assert caller.payout(ledger_id, int(number)) == rows
