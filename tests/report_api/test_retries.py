import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.errors import ApiUnavailable
from settlement_bridge.report_api import ReportApi, transport
from settlement_bridge.report_api.transport import Answer
from tests.report_api.conftest import MakeApi
from tests.report_api.server import Reply, Server, ledger_record, reply

LEDGERS = reply({"items": [ledger_record(name="Ærlig talt")], "cursor": ""})
PATH = "/settlement/v1/ledgers"


def test_what_passes_is_tried_again(server: Server, make_api: MakeApi) -> None:
    server.sequence(
        reply({}, 429),
        reply({}, 503, Retry_After="0"),
        reply({}, 500),
        reply({}, 408),
        Reply(reset=True),
        Reply(LEDGERS.body, cut=0),
        Reply(LEDGERS.body, cut=10),
        Reply(LEDGERS.body, chunked=True, cut=30),
        Reply(LEDGERS.body[:-1]),
        Reply(b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"}),
        LEDGERS,
    )
    assert [ledger.ledger_id for ledger in make_api(attempts=11).ledgers()] == ["302321"]
    assert len(server.asked) == 11
    assert server.tokens == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply({"title": "Too many", "detail": "Slow down"}, 429), r"429 \(Too many, Slow down\)"),
        (
            reply({"errorCode": 10001, "errorMessage": "Oh", "contextId": "c-1"}, 500),
            r"500 \(Oh, errorCode 10001, contextId c-1\)",
        ),
        (Reply(b"<html>", 502, {"Content-Type": "text/html"}), r"502 \(no explanation, text/html\)"),
        (Reply(reset=True), r"no connection \(Connection reset by peer\)"),
        (Reply(b"{}", cut=0), "the answer was cut off|closed"),
        (Reply(LEDGERS.body[:20]), "the answer is not the JSON it should be"),
    ],
)
def test_what_does_not_pass_ends_after_bounded_attempts(
    server: Server, api: ReportApi, answer: Reply, said: str
) -> None:
    server.sequence(answer)
    with pytest.raises(ApiUnavailable, match=rf"^{PATH}: .*({said}).* \(tried 3 times\); the next run tries again$"):
        api.ledgers()
    assert len(server.asked) == 3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_cut_at_any_byte_gives_nothing(server: Server, make_api: MakeApi, chunked: bool) -> None:
    length = len(LEDGERS.body) + (len(b"ff\r\n") if chunked else 0)
    cuts = [Reply(LEDGERS.body, cut=cut, chunked=chunked) for cut in range(0, length, 3)]
    server.sequence(*cuts, LEDGERS)
    assert len(make_api(attempts=len(cuts) + 1, longest_wait=0.0).ledgers()) == 1
    assert len(server.asked) == len(cuts) + 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            reply({"errorCode": 10002, "errorMessage": "Bad cursor", "contextId": "c"}, 500),
            "Bad cursor, errorCode 10002",
        ),
        (
            reply({"title": "Bad request", "detail": "cursor", "contextId": "c-9"}, 400),
            "Bad request, cursor, contextId c-9",
        ),
        (reply({"title": "No such ledgerId"}, 404), "No such ledgerId.*access was not granted"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), "302"),
    ],
)
def test_what_cannot_pass_is_asked_once(server: Server, api: ReportApi, answer: Reply, said: str) -> None:
    server.sequence(answer)
    with pytest.raises(ApiUnavailable, match=said):
        api.ledgers()
    assert len(server.asked) == 1


def test_a_silent_server_is_left_in_time(server: Server, make_api: MakeApi) -> None:
    server.sequence(Reply(delay=0.5))
    with pytest.raises(ApiUnavailable, match="no answer in time"):
        make_api(read_timeout=0.05, attempts=2).ledgers()


def test_a_server_that_falls_silent_is_left_in_time(server: Server, make_api: MakeApi) -> None:
    server.sequence(Reply(LEDGERS.body, pause=0.5))
    with pytest.raises(ApiUnavailable, match="the answer broke off and did not go on in time"):
        make_api(read_timeout=0.05, attempts=2).ledgers()


def test_a_body_without_end_is_left(server: Server, api: ReportApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1000)
    server.sequence(Reply(b" " * 100_000))
    with pytest.raises(ApiUnavailable, match="larger than 1000 bytes"):
        api.ledgers()


def test_a_port_nobody_listens_on(make_api: MakeApi) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ApiUnavailable, match=r"/accesstoken/get: no connection \(Connection refused\)"):
            make_api(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}").ledgers()


def test_a_host_nobody_knows(make_api: MakeApi) -> None:
    with pytest.raises(ApiUnavailable, match=r"no connection \(.*(not known|resolution|address).*\)"):
        make_api(base_url="http://no-such-host.invalid").ledgers()


@pytest.mark.parametrize("address", ["no-scheme", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none(make_api: MakeApi, address: str) -> None:
    with pytest.raises(ApiUnavailable, match=r"cannot be asked.*check base_url"):
        make_api(base_url=address).ledgers()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(server: Server, make_api: MakeApi, form: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    later = format_datetime(now + timedelta(seconds=1), usegmt=True)
    asked_for = "1" if form == "seconds" else later
    server.sequence(reply({}, 429, Retry_After=asked_for, Date=format_datetime(now, usegmt=True)), LEDGERS)
    begin = time.monotonic()
    make_api(longest_wait=5.0).ledgers()
    assert 1.0 <= time.monotonic() - begin < 4.0


def test_retry_after_is_capped(server: Server, make_api: MakeApi) -> None:
    server.sequence(reply({}, 429, Retry_After="3600"), LEDGERS)
    begin = time.monotonic()
    make_api(longest_wait=0.05).ledgers()
    assert time.monotonic() - begin < 2.0


@given(st.integers(0, 10**6), st.integers(-86_400, 86_400))
def test_a_date_in_retry_after_is_counted_by_the_servers_clock(seconds: int, clock_off: int) -> None:
    now = datetime(2024, 10, 27, tzinfo=UTC) + timedelta(seconds=clock_off)
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(now + timedelta(seconds=seconds)),
    }
    assert Answer(429, headers, b"").retry_after() == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "Sun, 99 Oct 2024", f"Sun, 6 Oct 2024 00:00:00 +{10**20}"])
def test_a_retry_after_nobody_understands_is_none(text: str) -> None:
    assert Answer(429, {"Retry-After": text}, b"").retry_after() is None


def test_waits_without_retry_after_grow_and_are_jittered(server: Server, make_api: MakeApi) -> None:
    moments: list[float] = []

    def script(_: object) -> Reply:
        moments.append(time.monotonic())
        return reply({}, 503)

    server.script = script
    with pytest.raises(ApiUnavailable):
        make_api(longest_wait=60.0, attempts=3).ledgers()
    first, second = (after - before for before, after in pairwise(moments))
    assert 0.5 <= first < 1.0 <= second < 2.0


def test_stop_ends_a_wait(server: Server, make_api: MakeApi) -> None:
    stop = threading.Event()
    server.sequence(reply({}, 429, Retry_After="60"))
    api = make_api(stop, longest_wait=60.0)
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(ApiUnavailable, match="stopped while waiting"):
        api.ledgers()
    assert time.monotonic() - begin < 5.0
    assert len(server.asked) == 1


def test_the_servers_clock_is_known_after_an_answer(server: Server, api: ReportApi) -> None:
    server.sequence(reply(json.loads(LEDGERS.body), Date="Sat, 01 Oct 2022 14:33:00 GMT"))
    assert api.server_time() is None
    api.ledgers()
    assert api.server_time() == datetime(2022, 10, 1, 14, 33, tzinfo=UTC)


def test_a_server_without_a_clock(server: Server, api: ReportApi) -> None:
    server.sequence(reply(json.loads(LEDGERS.body), Date="half past nine"))
    api.ledgers()
    assert api.server_time() is None
