"""Who the merchant is, as far as anybody knows (rule 14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from settlement_bridge.model import Ledger, Merchant
from settlement_bridge.settlement.rows import msn_of


@dataclass(frozen=True)
class Organization:
    """What the Report API does not know of a merchant."""

    name: str = ""
    address: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""


@dataclass(frozen=True)
class Directory:
    """What the configuration says of merchants: organizations by number, names of sales units by MSN."""

    organizations: Mapping[str, Organization] = field(default_factory=dict)
    sales_unit_names: Mapping[str, str] = field(default_factory=dict)

    def merchant(self, ledger: Ledger, msn: str) -> Merchant:
        """Describe a sales unit of a ledger; what nobody knows is empty, and the name falls back to the MSN."""
        unit = next((unit for unit in ledger.sales_units if msn_of(unit.handle) == msn), None)
        number = (unit and unit.organization_number) or ledger.owner.id
        organization = self.organizations.get(number, Organization())
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
