"""The pure parts: byte ranges, who may come in, addresses, listings, packets."""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.sftp_server import Limits
from settlement_bridge.sftp_server.admission import Admission, Peer
from settlement_bridge.sftp_server.delivered import MOST_PIECES, Delivered
from settlement_bridge.sftp_server.filesystem import OpenFile
from settlement_bridge.sftp_server.found import FoundDocuments
from settlement_bridge.sftp_server.log import escaped
from settlement_bridge.sftp_server.packets import Attributes, Code, Fields, Refusal, long_name
from settlement_bridge.sftp_server.tree import Node, resolve, written
from settlement_bridge.store import Document
from tests.sftp_server.served import NAME, NOON, OTHER, place

# Byte ranges

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30)


@given(ranges, st.integers(0, 20))
def test_a_prefix_is_as_long_as_if_every_byte_were_ticked_off(given_ranges: list[tuple[int, int]], prefix: int) -> None:
    delivered = Delivered(prefix)
    ticked = set(range(prefix))
    for start, end in given_ranges:
        delivered.add(start, end)
        ticked |= set(range(start, end))
        assert delivered.prefix == next(byte for byte in range(100) if byte not in ticked)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=400), st.integers(0, 3000))
def test_what_may_be_lost_has_not_arrived(lengths: list[int], lost: int) -> None:
    """Read in one go, in parts of any length: the parts of which no byte is lost, or nothing if it cannot be told."""
    document = Document(1, place(), "", sum(lengths), NOON)
    file = OpenFile(Node("", Attributes(0, 0, NOON)), document, Delivered())
    for start, length in zip(accumulate(lengths, initial=0), lengths, strict=False):
        file.delivered.add(start, start + length)
        file.given.append((start, length))
    whole = max(end for end in accumulate(lengths, initial=0) if end <= max(sum(lengths) - lost, 0))
    told = lost <= sum(lengths[-256:])
    assert file.arrived(lost) == (whole if told else 0)


def test_who_leaves_gaps_everywhere_is_not_followed_for_ever() -> None:
    delivered = Delivered()
    for start in range(2, 10 * MOST_PIECES, 2):
        delivered.add(start, start + 1)
    assert len(delivered._starts) == MOST_PIECES
    delivered.add(0, 20 * MOST_PIECES)
    assert delivered.prefix == 20 * MOST_PIECES


# Who may come in


def peers(count: int, address: str = "192.0.2.{}") -> list[Peer]:
    return [Peer(address.format(number), 1) for number in range(count)]


def admitted(under_way: list[Peer], draws: int = 2000, address: str = "198.51.100.1") -> float:
    admission = Admission(Limits(), random.Random(7).random)
    return sum(admission.may_begin(Peer(address, 1), under_way) for _ in range(draws)) / draws


def test_below_ten_all_come_in_and_from_a_hundred_on_nobody() -> None:
    assert admitted(peers(9)) == 1
    assert admitted(peers(100)) == 0
    assert 0.65 < admitted(peers(10)) < 0.75
    assert 0.30 < admitted(peers(55)) < 0.40


def test_one_address_has_ten_logins_under_way_at_most() -> None:
    assert admitted(peers(10, "192.0.2.1"), address="192.0.2.1") == 0
    assert admitted(peers(9, "192.0.2.1"), address="192.0.2.1") == 1


def test_a_network_of_ipv6_is_one_address() -> None:
    assert admitted(peers(10, "2001:db8::{}"), address="2001:db8::ffff:1") == 0
    assert admitted(peers(10, "2001:db8::{}"), address="2001:db8:0:1::1") > 0


def test_only_so_many_may_wait() -> None:
    admission = Admission(Limits())
    assert admission.may_wait(Peer("192.0.2.1", 1), peers(49, "192.0.2.1"))
    assert not admission.may_wait(Peer("192.0.2.1", 1), peers(50, "192.0.2.1"))
    assert not admission.may_wait(Peer("198.51.100.1", 1), peers(200))


@pytest.mark.parametrize(
    ("name", "address", "network"),
    [
        (("192.0.2.7", 5), "192.0.2.7", "192.0.2.7"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7", "192.0.2.7"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1", "fe80::/64"),
    ],
)
def test_addresses(name: tuple[object, ...], address: str, network: str) -> None:
    peer = Peer.of(name)
    assert (peer.address, peer.port, peer.network) == (address, 5, network)


# Paths


@given(st.text(alphabet="ab./\0ø ", max_size=30))
def test_a_path_resolved_and_written_is_resolved(path: str) -> None:
    parts = resolve(path)
    assert resolve(written(parts)) == parts
    assert not {"", ".", ".."} & set(parts)


# Listings and packets


def test_a_line_of_ls() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    at = datetime(2026, 11, 2, 12, 5, tzinfo=UTC)
    values = Attributes(0o100644, 12345, at)
    assert long_name("x.xml", values, now) == "-rw-r--r--    1 bridge   bridge      12345 Nov  2 12:05 x.xml"
    old = Attributes(0o040755, 4096, at - timedelta(days=300))
    assert long_name("inbox", old, now) == "drwxr-xr-x    1 bridge   bridge       4096 Jan  6  2026 inbox"


def test_fields_that_are_not_there() -> None:
    fields = Fields(b"\0\0\0\5abc")
    with pytest.raises(Refusal) as caught:
        fields.string()
    assert caught.value.code is Code.BAD_MESSAGE
    assert Fields(b"\7\0\0\0\1\0\0\0\2ab").byte() == 7


@given(st.text())
def test_what_is_escaped_is_one_line_of_ascii(text: str) -> None:
    shown = escaped(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert shown.count('"') == 2


# What was found a moment ago


def test_what_has_left_an_inbox_is_forgotten_and_stays_forgotten() -> None:
    """A question asked of the store before a file was archived must not bring it back behind that."""
    now = [0.0]
    found = FoundDocuments(lambda: now[0])
    document = Document(1, place(), "", 1, NOON)
    asked = found.changes
    found.remember(NAME, [document], asked)
    assert found.get(NAME, place()) == document
    assert found.get(OTHER, place()) is None
    found.forget(NAME, place())
    found.remember(NAME, [document], asked)
    assert found.get(NAME, place()) is None
    found.remember(NAME, [document], found.changes)
    now[0] = 31
    assert found.get(NAME, place()) is None
