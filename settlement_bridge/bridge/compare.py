"""Archived settlement files against what the bridge renders for the same settlements: how a user decides to switch.

The new side is rendered in the old file's own format and read back by the same reader, so that two files are
compared, and neither with more than it can say.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from settlement_bridge import formats
from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.handover import report_over
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.comparison import FileContents, SettlementContents, SettlementDifferences, compare, contents
from settlement_bridge.errors import FileRefused, RenderingRefused
from settlement_bridge.model import FiledKey, FileKind, PayoutState, Report
from settlement_bridge.readers import SettlementFile
from settlement_bridge.store import Store, StoredSettlement

_IN_MEMORY = 16 * 1024 * 1024


@dataclass(frozen=True)
class ComparedFile:
    """What became of one file."""

    path: str
    kind: FileKind | None = None
    settlements: tuple[SettlementDifferences, ...] = ()
    contents: FileContents | None = None
    """What the old file says by itself."""
    refused: str | None = None
    """Why it could not be read."""


class Comparer:
    """Compares files with what a store holds; nothing is changed."""

    def __init__(self, store: Store, settings: BridgeSettings, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._deliverer = Deliverer(store, settings)
        self._now = now

    def compare(self, path: Path) -> ComparedFile:
        """Compare one file, settlement by settlement; what cannot be read or compared is part of the answer."""
        try:
            with path.open("rb") as stream:
                old = SettlementFile(stream, str(path))
                said = contents(old.read())
                compared = self._compared(old, said)
        except (FileRefused, RenderingRefused) as refused:
            return ComparedFile(str(path), refused=str(refused))
        except OSError as error:
            return ComparedFile(str(path), refused=f"{error.filename or path}: {error.strerror or error}")
        return ComparedFile(str(path), old.kind, tuple(compared), said)

    def _compared(self, old: SettlementFile, said: FileContents) -> list[SettlementDifferences]:
        mirrored = {one.key: self._mirrored(one) for one in said.settlements}
        found = {key: stored for key, stored in mirrored.items() if not isinstance(stored, str)}
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
            answers: Iterable[SettlementDifferences] = ()
            if found:
                stream = cast(BinaryIO, spooled)
                formats.get(*_rendered_as(old.kind)).write(self._report(list(found.values())), stream)
                stream.seek(0)
                answers = compare(old.read(), SettlementFile(stream, "the new file").read(), found)
            by_key = {one.key: one for one in answers}
        return [by_key.get(key) or SettlementDifferences(key, obstacle=str(mirrored[key])) for key in mirrored]

    def _mirrored(self, old: SettlementContents) -> StoredSettlement | str:
        """Return the settlement that an old one stands for, or a sentence why there is none."""
        msn, payout = old.key
        found = self._store.settlements.of_sales_unit(msn, payout)
        if not found:
            return self._not_found(old.key)
        dated = [one for one in found if old.stated and one.settlement.settlement_date == old.stated.settlement_date]
        stored = (dated or found)[-1]
        record = self._store.settlements.payout(stored.settlement.ledger_id, payout)
        if record.state is not PayoutState.SETTLED:
            return f"the payout is {record.state}: {record.reason}"
        return stored

    def _not_found(self, key: FiledKey) -> str:
        others = self._store.settlements.of_sales_unit(key.msn)
        if not others:
            return (
                f"this store has no settlement of sales unit {key.msn}: run `settlement-bridge sync --dry-run`; if "
                "that does not help, the keys do not see its ledger (`settlement-bridge ledgers`)"
            )
        first, last = others[0].settlement, others[-1].settlement
        return (
            f"this store has no payout {key.payout} of sales unit {key.msn}, only {first.payout} "
            f"({first.settlement_date}) to {last.payout} ({last.settlement_date}): the Report API begins in May 2020, "
            "and a sync brings what is new"
        )

    def _report(self, found: list[StoredSettlement]) -> Report:
        """Return the report that holds these settlements; without payers, and over a period that is not compared."""
        shown = [self._deliverer.as_published(one, self._now) for one in found]
        return replace(report_over(self._store, shown, self._settings), payers=None)


def _rendered_as(kind: FileKind) -> tuple[str, str, str]:
    """Return extension, csv layout and xml version to render the new side in; what is zipped is compared unzipped."""
    extension = "xml" if kind.extension == "xml.zip" else kind.extension
    return extension, kind.variant or "sections", kind.variant or "3.0"
