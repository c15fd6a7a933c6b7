"""Which ledgers may want the same paths, and how long their files wait for one another (rule 13)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from settlement_bridge.bridge.outcome import LedgerOutcome
from settlement_bridge.model import Ledger
from settlement_bridge.store import StoredLedger


def families(ledgers: Iterable[Ledger]) -> list[frozenset[str]]:
    """Group ledgers, by id, that share an organization or a sales unit, directly or through others.

    A path is made of organization number, MSN and payout number, so only ledgers of one family can collide.
    """
    family_of: dict[str, set[str]] = {}
    known = set()
    for ledger in ledgers:
        known.add(ledger.ledger_id)
        ties = _ties(ledger)
        merged = {f"ledger {ledger.ledger_id}", *ties}
        for tie in ties:
            merged |= family_of.get(tie, set())
        family_of.update(dict.fromkeys(merged, merged))
    distinct = {id(family): family for family in family_of.values()}.values()
    return [
        frozenset(one.removeprefix("ledger ") for one in family if one.startswith("ledger ")) for family in distinct
    ]


def _ties(ledger: Ledger) -> list[str]:
    organizations = {ledger.owner.id, *(unit.organization_number for unit in ledger.sales_units)} - {None}
    return [*(f"organization {number}" for number in organizations), *(f"handle {one}" for one in ledger.handles)]


@dataclass
class _Family:
    missing: set[str]
    read: list[LedgerOutcome]


class Gate:
    """Lets a ledger's files go as soon as nothing earlier can want their paths.

    That is at once, unless one of its family is read for the first time: such a ledger may bring years of payouts,
    and of two that want one path the earlier one keeps it.
    """

    def __init__(self, stored: Sequence[StoredLedger]) -> None:
        new = {one.ledger.ledger_id for one in stored if one.caught_up_at is None}
        self._waiting: dict[str, _Family] = {}
        for ids in families(one.ledger for one in stored) if new else ():
            if len(ids) > 1 and ids & new:
                self._waiting |= dict.fromkeys(ids, _Family(set(ids), []))

    def read(self, outcome: LedgerOutcome) -> list[LedgerOutcome]:
        """Take note that a ledger has been read; return the ones whose files may go now."""
        family = self._waiting.get(outcome.ledger_id)
        if family is None:
            return [outcome]
        family.missing.discard(outcome.ledger_id)
        family.read.append(outcome)
        return [] if family.missing else family.read
