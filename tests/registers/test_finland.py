"""YTJ's answers, as PRH's open data (version 3) gives them, over real HTTP (rule 14)."""

import pytest

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Organization
from settlement_bridge.registers import Ytj
from tests.report_api.server import Json, Reply, Server, reply

NUMBER = "2283132-3"
STREET: Json = {
    "type": 1,
    "street": "Hyljetie",
    "buildingNumber": "18",
    "entrance": "A",
    "apartmentNumber": "4",
    "apartmentIdSuffix": "b",
    "postCode": "02260",
    "postOffices": [
        {"city": "ESBO", "languageCode": "2", "municipalityCode": "049"},
        {"city": "ESPOO", "languageCode": "1", "municipalityCode": "049"},
    ],
    "co": "",
    "country": None,
}
BOX: Json = {"type": 2, "postOfficeBox": "226", "postCode": "00045", "postOffices": [{"city": "NOKIA GROUP"}]}


def company(**changes: object) -> Json:
    return {
        "businessId": {"value": NUMBER, "registrationDate": "2009-08-27", "source": "3"},
        "names": [
            {"name": "Hylje Finland", "type": "2", "registrationDate": "2009-09-14"},
            {"name": "Vanha Hylje Oy", "type": "1", "registrationDate": "2001-01-01", "endDate": "2009-09-13"},
            {"name": "Hylje Oy", "type": "1", "registrationDate": "2009-09-14", "endDate": None},
        ],
        "addresses": [BOX, STREET],
        "tradeRegisterStatus": "1",
        **changes,
    }


def answers(server: Server, *companies: Json) -> None:
    server.script = lambda _: reply({"totalResults": len(companies), "companies": list(companies)})


def test_rule_14_a_company_has_its_name_in_use_and_its_street_address(server: Server, finland: Ytj) -> None:
    answers(server, company())
    assert finland.look_up(NUMBER) == Organization("Hylje Oy", "Hyljetie 18 A 4b", "02260", "ESPOO", "FIN")
    (request,) = server.requests
    assert (request.path, request.query) == ("/opendata-ytj-api/v3/companies", {"businessId": NUMBER})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (BOX, ("PL 226", "00045", "NOKIA GROUP", "FIN")),
        (BOX | {"postOfficeBox": "PL 226"}, ("PL 226", "00045", "NOKIA GROUP", "FIN")),
        ({"type": 1, "freeAddressLine": "Norra_vägen_3", "country": "SE"}, ("Norra vägen 3", "", "", "SWE")),
        ({"type": 1, "street": "Ajuri", "buildingNumber": 3, "postCode": 21420}, ("Ajuri 3", "21420", "", "FIN")),
    ],
)
def test_other_kinds_of_addresses(server: Server, finland: Ytj, address: Json, expected: tuple[str, ...]) -> None:
    answers(server, company(addresses=[address]))
    assert finland.look_up(NUMBER) == Organization("Hylje Oy", *expected)


def test_a_company_without_an_address_still_has_its_name(server: Server, finland: Ytj) -> None:
    answers(server, company(addresses=None))
    assert finland.look_up(NUMBER) == Organization("Hylje Oy")


def test_a_number_without_its_hyphen_is_asked_for_with_it(server: Server, finland: Ytj) -> None:
    answers(server, company())
    assert finland.holds("22831323")
    assert finland.look_up("22831323") == finland.look_up(NUMBER)
    assert {request.query["businessId"] for request in server.requests} == {NUMBER}


@pytest.mark.parametrize("unknown", [reply({"totalResults": 0, "companies": []}), Reply(status=404)])
def test_a_number_the_register_does_not_know_is_no_organization(server: Server, finland: Ytj, unknown: Reply) -> None:
    server.sequence(unknown)
    assert finland.look_up(NUMBER) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"companies": "none"},
        {"companies": [company(businessId={"value": "0112038-9"})]},
        {"companies": [company(names=[])]},
        {"companies": ["Hylje Oy"]},
    ],
)
def test_another_company_s_answer_is_refused(server: Server, finland: Ytj, document: Json) -> None:
    server.sequence(reply(document))
    with pytest.raises(RegisterUnavailable, match="something else than company 2283132-3"):
        finland.look_up(NUMBER)
