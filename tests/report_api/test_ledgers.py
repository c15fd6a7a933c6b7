import pytest

from settlement_bridge.errors import ApiUnavailable, DataRefused, DialectGone
from settlement_bridge.model import Identifier, Ledger, SalesUnit
from settlement_bridge.report_api import ReportApi
from tests.report_api.conftest import MakeApi
from tests.report_api.server import Json, Reply, Request, Server, ledger_record, reply


def listing(*records: Json, cursor: str | None = "") -> Reply:
    return reply({"items": list(records), "cursor": cursor})


def test_a_v2_ledger(server: Server, api: ReportApi) -> None:
    owner = {"scheme": "business:NO:ORG", "id": "987654321"}
    units = [
        {"name": "ACME Fitness Oslo", "recipientHandle": "api:123455", "businessIdentifier": owner},
        {"name": None, "recipientHandle": "NO:57860"},
    ]
    handles = ["api:123455", "NO:57860"]
    server.sequence(listing(ledger_record(salesUnits=units, settlesForRecipientHandles=handles, new={"field": 1})))
    assert api.ledgers() == [
        Ledger(
            "302321",
            "NOK",
            Identifier("business:NO:ORG", "987654321"),
            Identifier("BBAN:NO", "86011117947"),
            ("api:123455", "NO:57860"),
            (
                SalesUnit("api:123455", "ACME Fitness Oslo", "987654321", "business:NO:ORG"),
                SalesUnit("NO:57860", None, None),
            ),
        )
    ]
    assert not api.by_payout


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [("2000001", "2000045", (2000001, 2000045)), (None, None, (None, None)), ("", "", (None, None))],
)
def test_a_v1_ledger(server: Server, api: ReportApi, first: object, last: object, wanted: object) -> None:
    server.sequence(listing(ledger_record(firstPayout=first, lastPayout=last)))
    (ledger,) = api.ledgers()
    assert (ledger.first_payout, ledger.last_payout) == wanted
    assert api.by_payout


def test_all_pages_are_read(server: Server, api: ReportApi) -> None:
    def script(request: Request) -> Reply:
        cursor = request.query.get("cursor", "")
        following = {"": "a=/+", "a=/+": "b"}.get(cursor)
        return listing(ledger_record(f"1{len(server.asked)}"), cursor=following)

    server.script = script
    assert [ledger.ledger_id for ledger in api.ledgers()] == ["11", "12", "13"]


def test_no_ledgers_at_all(server: Server, api: ReportApi) -> None:
    server.sequence(listing())
    assert api.ledgers() == []


def test_a_cursor_loop_ends(server: Server, api: ReportApi) -> None:
    server.sequence(listing(ledger_record(), cursor="a"), listing(cursor="b"), listing(cursor="a"))
    with pytest.raises(ApiUnavailable, match="/settlement/v1/ledgers: cursor loop"):
        api.ledgers()


def test_a_ledger_given_twice_is_one_ledger(server: Server, api: ReportApi) -> None:
    server.sequence(listing(ledger_record(), cursor="a"), listing(ledger_record()))
    assert len(api.ledgers()) == 1


def test_a_ledger_given_twice_with_other_content_is_refused(server: Server, api: ReportApi) -> None:
    server.sequence(listing(ledger_record(), ledger_record(currency="DKK")))
    with pytest.raises(DataRefused, match=r"ledger 302321 is held: .*twice, with different content"):
        api.ledgers()


@pytest.mark.parametrize("ledger_id", [None, "", 302321, "../etc", "a/b", "a b", "3%2F", "1\n"])
def test_an_id_that_could_be_a_path_is_refused(server: Server, api: ReportApi, ledger_id: object) -> None:
    server.sequence(listing(ledger_record(ledgerId=ledger_id)))
    with pytest.raises(ApiUnavailable, match="list of ledgers cannot be used: ledgerId is"):
        api.ledgers()


@pytest.mark.parametrize(
    "change",
    [
        {"currency": None},
        {"currency": "kroner"},
        {"owner": None},
        {"owner": {"scheme": "business:NO:ORG", "id": 5}},
        {"payoutBankAccount": "86011117947"},
        {"settlesForRecipientHandles": "api:1"},
        {"settlesForRecipientHandles": [1]},
        {"salesUnits": ["ACME"]},
        {"salesUnits": 3},
        {"salesUnits": [{"name": "ACME"}]},
        {"lastPayout": "-1"},
        {"lastPayout": "many"},
        {"lastPayout": True},
        {"firstPayout": 2000001.0},
    ],
)
def test_a_ledger_that_cannot_be_true_is_named(server: Server, api: ReportApi, change: Json) -> None:
    server.sequence(listing(ledger_record("555", **change)))
    with pytest.raises(DataRefused, match=r"ledger 555 is held: .*list of ledgers"):
        api.ledgers()


def test_a_list_that_is_none_is_tried_later(server: Server, api: ReportApi) -> None:
    server.sequence(reply({"items": "none"}))
    with pytest.raises(ApiUnavailable, match="list of ledgers cannot be used: items"):
        api.ledgers()


def test_the_configuration_decides_the_dialect(server: Server, make_api: MakeApi) -> None:
    server.sequence(listing(ledger_record(lastPayout=None)))
    v1, v2 = make_api(dialect="v1"), make_api(dialect="v2")
    for each in (v1, v2):
        each.ledgers()
    assert (v1.by_payout, v2.by_payout) == (True, False)


def test_v1_wanted_from_a_server_without_it(server: Server, v1_api: ReportApi) -> None:
    server.sequence(listing(ledger_record()))
    with pytest.raises(DialectGone, match='carry no lastPayout: set dialect = "v2"'):
        v1_api.ledgers()


def test_keys_without_access_to_ledgers_are_refused(server: Server, api: ReportApi) -> None:
    server.sequence(reply({"title": "Forbidden"}, 403))
    with pytest.raises(Exception, match="refuses the keys: subscription_key seems wrong"):
        api.ledgers()
