from datetime import timedelta

from settlement_bridge.model import Identifier, Organization
from settlement_bridge.store import RegisteredOrganization, Store
from tests.store.histories import NOON

NORWEGIAN = Identifier("business:NO:ORG", "987654321")


def test_an_answer_is_kept_in_place_of_the_one_before(store: Store) -> None:
    assert store.organizations.get(NORWEGIAN) is None
    found = RegisteredOrganization(Organization("Blåbær AS", "Storgata 1", "0155", "OSLO", "NOR"), NOON)
    store.organizations.keep(NORWEGIAN, found)
    assert store.organizations.get(NORWEGIAN) == found
    unknown = RegisteredOrganization(None, NOON + timedelta(days=31))
    store.organizations.keep(NORWEGIAN, unknown)
    assert store.organizations.get(NORWEGIAN) == unknown


def test_the_same_number_in_two_registers_is_two_organizations(store: Store) -> None:
    store.organizations.keep(NORWEGIAN, RegisteredOrganization(Organization("Blåbær AS"), NOON))
    assert store.organizations.get(Identifier("business:DK:CVR", NORWEGIAN.id)) is None
