"""Who the merchant is, as far as anybody knows (rule 14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from settlement_bridge.model import Identifier, Ledger, Merchant, Organization, SalesUnit
from settlement_bridge.settlement.rows import msn_of


@dataclass(frozen=True)
class Directory:
    """What the configuration says of merchants: organizations by number, names of sales units by MSN."""

    organizations: Mapping[str, Organization] = field(default_factory=dict)
    sales_unit_names: Mapping[str, str] = field(default_factory=dict)

    def organization_of(self, ledger: Ledger, msn: str) -> Identifier:
        """Return whose the sales unit is: its own organization, else the ledger's owner."""
        unit = _unit(ledger, msn)
        if unit is None or not unit.organization_number:
            return ledger.owner
        return Identifier(unit.organization_scheme or ledger.owner.scheme, unit.organization_number)

    def merchant(self, ledger: Ledger, msn: str, registered: Organization | None = None) -> Merchant:
        """Describe a sales unit of a ledger; what nobody knows is empty, and the name falls back to the MSN.

        `registered` is what a public register says; an organization that the configuration describes is taken from
        there alone.
        """
        unit = _unit(ledger, msn)
        number = self.organization_of(ledger, msn).id
        organization = self.organizations.get(number) or registered or Organization()
        name = self.sales_unit_names.get(msn) or (unit and unit.name) or organization.name or msn
        return Merchant(
            msn=msn,
            sales_unit_name=name,
            organization_number=number,
            organization_name=organization.name,
            address=organization.address,
            zip_code=organization.zip_code,
            city=organization.city,
            country_code=organization.country_code,
        )


def _unit(ledger: Ledger, msn: str) -> SalesUnit | None:
    return next((unit for unit in ledger.sales_units if msn_of(unit.handle) == msn), None)
