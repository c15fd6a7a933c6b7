"""Serves recorded answers: a folder holds a ledger, or several such folders.

`ledgers.json`, `funds.json` and `fees.json` are v2 items in order; `v1-ledgers.json` the ledger as v1 describes it and
`v1-transactions.json` its transactions by payout number; `organizations.json` what the API does not know. What is
missing is taken to be empty. Rows are served as they were recorded, whatever they hold.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.model import Book
from settlement_bridge.sandbox.stored import StoredLedger, StoredRows, StoredTransactions, StoredWorld, together
from settlement_bridge.sandbox.world import FIRST_PAYOUT


def recorded(*folders: Path) -> StoredWorld:
    """Return the world recorded in these folders.

    Raises ConfigurationError, naming the file, for what is no recording or holds a ledger a second time.
    """
    recordings = [found for folder in folders for found in _recordings(folder)]
    world = together([_load(folder) for folder in recordings])
    ids = [world.ledger(index).description["ledgerId"] for index in range(len(world))]
    twice = sorted({ledger_id for ledger_id in ids if ids.count(ledger_id) > 1})
    if twice:
        raise ConfigurationError(
            [f"ledger {ledger_id} is recorded in two folders; give one of them" for ledger_id in twice]
        )
    return world


def _recordings(folder: Path) -> list[Path]:
    found = [place for place in (folder, *sorted(folder.glob("*"))) if _is_recording(place)]
    if not found:
        raise ConfigurationError([f"{folder} holds no recorded ledger: it needs a ledgers.json or a v1-ledgers.json"])
    return found


def _is_recording(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("ledgers.json", "v1-ledgers.json"))


def _load(folder: Path) -> StoredWorld:
    try:
        return _world(folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError([f"{folder} is not a recorded ledger: {type(error).__name__}: {error}"]) from error


def _world(folder: Path) -> StoredWorld:
    ledgers = _json(folder / "ledgers.json", []) or _json(folder / "v1-ledgers.json", [])
    if len(ledgers) != 1:
        raise ValueError(f"its list of ledgers has {len(ledgers)} items instead of one")
    ledger = StoredLedger(
        {key: value for key, value in ledgers[0].items() if key not in ("firstPayout", "lastPayout")},
        {book: _book(_json(folder / f"{book}.json", [])) for book in Book},
        _transactions(_json(folder / "v1-transactions.json", {})),
    )
    days = [day for rows in (*ledger.books.values(), ledger.transactions) if (day := rows.last_day)]
    return StoredWorld((ledger,), _json(folder / "organizations.json", {}), max(days, default=date.min))


def _json(path: Path, otherwise: Any) -> Any:
    if not path.is_file():
        return otherwise
    try:
        return loads(path.read_bytes())
    except JSONDecodeError as error:
        raise ConfigurationError([f"{path} is not JSON: {error}"]) from error


def _book(items: Iterable[Mapping[str, Any]]) -> StoredRows:
    rows = StoredRows()
    for item in items:
        rows.append(item, date.fromisoformat(item["ledgerDate"]), datetime.fromisoformat(item["time"]), None)
    return rows


def _transactions(by_payout: Mapping[str, Iterable[Mapping[str, Any]]]) -> StoredTransactions:
    numbers = sorted(map(int, by_payout))
    if numbers and numbers[-1] - numbers[0] != len(numbers) - 1:
        raise ValueError("the payouts of v1-transactions.json do not rise by one")
    rows = StoredTransactions(numbers[0] if numbers else FIRST_PAYOUT)
    for number in numbers:
        for item in by_payout[str(number)]:
            day, time = date.fromisoformat(item["ledgerDate"]), datetime.fromisoformat(item["timestamp"])
            rows.append(item, day, time, None)
        rows.close_payout()
    return rows
