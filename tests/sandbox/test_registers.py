"""The registers of the sandbox's organizations, as any client sees them."""

from collections.abc import Iterator

import pytest
import requests

from settlement_bridge.sandbox import Sandbox, register_addresses, scenario

WORLD = scenario("chain-of-shops", days=1)
OWNERS = {WORLD.ledger(index).description["owner"]["id"] for index in range(len(WORLD))}


@pytest.fixture
def norway() -> Iterator[str]:
    with Sandbox(WORLD) as sandbox:
        yield register_addresses(sandbox.url)["norway"]


@pytest.mark.parametrize("number", sorted(WORLD.organizations))
def test_every_organization_is_an_entity_or_a_subentity(norway: str, number: str) -> None:
    kinds = ("enheter", "underenheter") if number in OWNERS else ("underenheter", "enheter")
    record, nothing = (requests.get(f"{norway}/{kind}/{number}", timeout=10) for kind in kinds)
    assert nothing.status_code == 404
    assert (record.json()["organisasjonsnummer"], record.json()["navn"]) == (
        number,
        WORLD.organizations[number]["name"],
    )
    address = record.json()["forretningsadresse" if number in OWNERS else "beliggenhetsadresse"]
    assert address["landkode"] == "NO"


def test_there_are_both_kinds() -> None:
    assert set(WORLD.organizations) > OWNERS


def test_strangers_and_other_methods_are_refused(norway: str) -> None:
    assert requests.get(f"{norway}/enheter/999999999", timeout=10).status_code == 404
    assert requests.get(f"{norway}/enheter/..", timeout=10).status_code == 404
    assert requests.post(f"{norway}/enheter/999999999", timeout=10).status_code == 405


def test_finland_s_register_knows_the_cafe_by_its_business_id() -> None:
    world = scenario("finnish-cafe", days=1)
    ((number, details),) = world.organizations.items()
    assert world.ledger(0).description["owner"] == {"scheme": "business:FI:Y-tunnus", "id": number}
    with Sandbox(world) as sandbox:
        companies = f"{register_addresses(sandbox.url)['finland']}/companies"
        found, nothing = (
            requests.get(companies, {"businessId": one}, timeout=10).json() for one in (number, "0112038-9")
        )
    assert nothing == {"totalResults": 0, "companies": []}
    (company,) = found["companies"]
    assert [one["name"] for one in company["names"]] == [details["name"]]
    assert company["addresses"][0]["street"] == "Hyljetie"
