"""Enhetsregisteret's answers, as its open API gives them, over real HTTP (rule 14)."""

import pytest

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Organization
from settlement_bridge.registers import Enhetsregisteret
from tests.report_api.server import Json, Reply, Request, Server, reply

NUMBER = "987654321"
OFFICE: Json = {
    "land": "Norge",
    "landkode": "NO",
    "postnummer": "1360",
    "poststed": "FORNEBU",
    "adresse": ["Snarøyveien 30"],
    "kommune": "BÆRUM",
    "kommunenummer": "3201",
}
POST = OFFICE | {"adresse": ["Postboks 800"], "postnummer": "1331"}


def entity(**changes: object) -> Json:
    links = {"self": {"href": f"https://data.brreg.no/enhetsregisteret/api/enheter/{NUMBER}"}}
    return {"organisasjonsnummer": NUMBER, "navn": "FJELLVAK FRILUFT AS", "_links": links, **changes}


def answers(server: Server, **by_kind: Json) -> None:
    """Answer for the kinds named; the other one knows no such number."""

    def script(request: Request) -> Reply:
        *_, kind, number = request.path.split("/")
        return reply(by_kind[kind]) if kind in by_kind and number == NUMBER else Reply(status=404)

    server.script = script


def test_rule_14_an_entity_has_the_address_of_its_business(server: Server, norway: Enhetsregisteret) -> None:
    answers(server, enheter=entity(postadresse=POST, forretningsadresse=OFFICE))
    expected = Organization("FJELLVAK FRILUFT AS", "Snarøyveien 30", "1360", "FORNEBU", "NOR")
    assert norway.look_up(NUMBER) == expected
    assert [request.path for request in server.requests] == [f"/enhetsregisteret/api/enheter/{NUMBER}"]


def test_what_is_no_entity_is_looked_for_among_the_subentities(server: Server, norway: Enhetsregisteret) -> None:
    answers(server, underenheter=entity(navn="FJELLVAK AVD OSLO", beliggenhetsadresse=OFFICE, postadresse=POST))
    assert norway.look_up(NUMBER) == Organization("FJELLVAK AVD OSLO", "Snarøyveien 30", "1360", "FORNEBU", "NOR")


@pytest.mark.parametrize("office", [None, {}, {"landkode": "NO", "adresse": [""], "postnummer": "", "poststed": ""}])
def test_without_a_business_address_the_postal_one_is_taken(
    server: Server, norway: Enhetsregisteret, office: Json | None
) -> None:
    answers(server, enheter=entity(forretningsadresse=office, postadresse=POST))
    assert norway.look_up(NUMBER) == Organization("FJELLVAK FRILUFT AS", "Postboks 800", "1331", "FORNEBU", "NOR")


def test_an_entity_that_was_struck_off_still_has_its_name(server: Server, norway: Enhetsregisteret) -> None:
    answers(server, enheter=entity(slettedato="2025-03-01"))
    assert norway.look_up(NUMBER) == Organization("FJELLVAK FRILUFT AS")


def test_several_lines_become_one_and_a_foreign_country_keeps_its_own_code(
    server: Server, norway: Enhetsregisteret
) -> None:
    abroad = {"landkode": "SE", "adresse": ["c/o Fjäll  AB", None, "", "Storgatan 1\n"], "poststed": "411 03 GÖTEBORG"}
    answers(server, enheter=entity(forretningsadresse=abroad))
    found = norway.look_up(NUMBER)
    assert found
    assert (found.address, found.zip_code) == ("c/o Fjäll AB, Storgatan 1", "")
    assert (found.city, found.country_code) == ("411 03 GÖTEBORG", "SWE")


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_number_the_register_does_not_know_is_no_organization(
    server: Server, norway: Enhetsregisteret, status: int
) -> None:
    server.script = lambda _: Reply(status=status)
    assert norway.look_up(NUMBER) is None


@pytest.mark.parametrize(
    "document", [{}, {"navn": "X"}, entity(organisasjonsnummer="999999999"), entity(navn=""), entity(navn=["X"])]
)
def test_another_organization_s_answer_is_refused(server: Server, norway: Enhetsregisteret, document: Json) -> None:
    answers(server, enheter=document)
    with pytest.raises(RegisterUnavailable, match="something else than organization 987654321"):
        norway.look_up(NUMBER)


def test_texts_are_cut_and_cleaned(server: Server, norway: Enhetsregisteret) -> None:
    server.script = lambda _: Reply(
        b'{"organisasjonsnummer": "987654321", "navn": "A\\u0000\\ud800  B' + b"x" * 500 + b'"}'
    )
    found = norway.look_up(NUMBER)
    assert found
    assert found.name.startswith("A\ufffd\ufffd Bx")
    assert len(found.name) == 200


@pytest.mark.parametrize(
    ("number", "holds"), [("987654321", True), ("12345678", False), ("1234567-8", False), ("98765432A", False)]
)
def test_only_its_own_numbers_are_asked_for(norway: Enhetsregisteret, number: str, holds: bool) -> None:
    assert norway.holds(number) is holds
