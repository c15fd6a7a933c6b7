"""Who is paid: from the configuration, from what registers have said, from the registers themselves (rule 14)."""

import logging
from datetime import datetime, timedelta

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Identifier, Ledger, Merchant, Organization
from settlement_bridge.registers import Registers
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.store import RegisteredOrganization, Store

KEPT = timedelta(days=30)
"""How long a register's answer is good."""
UNKNOWN_KEPT = timedelta(days=1)
"""How long it is good that a register knows no such organization; new ones are entered every day."""

log = logging.getLogger(__name__)


class Merchants:
    """Describes merchants as far as anybody knows; what a register cannot say now is empty and stops nothing."""

    def __init__(self, store: Store, directory: Directory, registers: Registers) -> None:
        self._store = store
        self._directory = directory
        self._registers = registers

    def describe(self, ledger: Ledger, msn: str, now: datetime) -> Merchant:
        """Return what is known of a sales unit now."""
        organization = self._directory.organization_of(ledger, msn)
        if organization.id in self._directory.organizations or not self._registers.covers(organization):
            return self._directory.merchant(ledger, msn)
        return self._directory.merchant(ledger, msn, self._registered(organization, now))

    def _registered(self, identifier: Identifier, now: datetime) -> Organization | None:
        held = self._store.organizations.get(identifier)
        if held and timedelta() <= now - held.asked_at < (KEPT if held.organization else UNKNOWN_KEPT):
            return held.organization
        try:
            found = self._registers.look_up(identifier)
        except RegisterUnavailable as error:
            log.warning("organization %s is not looked up: %s", identifier.id, error)
            return held.organization if held else None
        self._store.organizations.keep(identifier, RegisteredOrganization(found, now))
        return found
