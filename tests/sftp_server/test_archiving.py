"""When a file moves to the archive: fetched to its last byte, and closed by the client. Faults 28 to 30."""

import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import paramiko
import pytest
from paramiko.common import cMSG_DISCONNECT

from settlement_bridge.store import Store
from tests.sftp_server.raw import Sftp, packet, string
from tests.sftp_server.served import MSN, NAME, OTHER, Served, path_of, place, publish, serving, user
from tests.sftp_server.waiting import wait_for

FILE = place(2000009)
SIZE = 300_000
CONTENT = bytes(range(250)) * (SIZE // 250)
PATH = path_of(FILE)


@pytest.fixture
def served(store: Store, host_keys: Sequence[paramiko.PKey]) -> Iterator[Served]:
    """A server with one file, seen by two users."""
    publish(store, FILE, CONTENT)
    with serving(store, host_keys, [user(NAME, MSN), user(OTHER, MSN)]) as running:
        yield running


@pytest.fixture
def sftp(served: Served) -> Sftp:
    return Sftp(served.transport())


def test_read_to_the_end_and_closed_it_moves(served: Served, sftp: Sftp) -> None:
    handle = sftp.open(PATH)
    content = b"".join(sftp.read(handle, offset, 32768) for offset in range(0, SIZE + 32768, 32768))
    assert content == CONTENT
    assert served.archive() == []
    assert sftp.close(handle) == 0
    assert (served.inbox(), served.archive()) == ([], [FILE.name])
    assert (served.inbox(OTHER), served.archive(OTHER)) == ([FILE.name], [])


@pytest.mark.parametrize("step", [1000, 4096, 40_000, 255 * 1024], ids=str)
def test_in_any_pieces_and_any_order(served: Served, sftp: Sftp, step: int) -> None:
    handle = sftp.open(PATH)
    pieces = {offset: sftp.read(handle, offset, step) for offset in reversed(range(0, SIZE, step))}
    assert b"".join(pieces[offset] for offset in sorted(pieces)) == CONTENT
    assert sftp.close(handle) == 0
    assert served.archive() == [FILE.name]


def test_many_reads_under_way_at_once_and_the_close_behind_them(served: Served, sftp: Sftp) -> None:
    """Requests that are sent ahead, the last of them CLOSE: answers come in order, and the file has moved."""
    handle = sftp.open(PATH)
    offsets = list(range(0, SIZE, 4096))
    for number, offset in enumerate(offsets):
        sftp.send(5, struct.pack(">I", number) + string(handle) + struct.pack(">QI", offset, 4096))
    sftp.send(4, struct.pack(">I", len(offsets)) + string(handle))
    content = b""
    for number in range(len(offsets)):
        kind, rest = sftp.receive()
        assert (kind, struct.unpack(">I", rest[:4])[0]) == (103, number)
        content += rest[8:]
    kind, rest = sftp.receive()
    assert (kind, struct.unpack(">II", rest[:8])) == (101, (len(offsets), 0))
    assert content == CONTENT
    assert served.archive() == [FILE.name]


@pytest.mark.parametrize(
    "ranges",
    [[], [(0, SIZE - 1)], [(1, SIZE - 1)], [(SIZE - 10, 10)], [(0, 100_000), (100_001, 199_999)], [(0, 0)]],
    ids=["nothing", "all but the last byte", "all but the first", "only the tail", "a gap", "no byte"],
)
def test_what_was_read_in_part_stays(served: Served, sftp: Sftp, ranges: list[tuple[int, int]]) -> None:
    handle = sftp.open(PATH)
    for start, length in ranges:
        for offset in range(start, start + length, 50_000):
            sftp.read(handle, offset, min(50_000, start + length - offset))
    assert sftp.close(handle) == 0
    assert (served.inbox(), served.archive()) == ([FILE.name], [])


def test_a_cut_line_leaves_it_where_it_was(served: Served, sftp: Sftp) -> None:
    assert sftp.fetch(PATH, SIZE) == CONTENT
    sftp.transport.close()
    wait_for(lambda: served.server.connections == 0)
    assert served.inbox() == [FILE.name]


def test_a_closed_channel_leaves_it_where_it_was(served: Served, sftp: Sftp) -> None:
    assert sftp.fetch(PATH, SIZE) == CONTENT
    sftp.channel.close()
    assert Sftp(served.transport()).version
    assert served.inbox() == [FILE.name]


def test_a_client_that_hangs_up_behind_its_close_has_closed(served: Served, sftp: Sftp) -> None:
    """It does not wait for the answer: all it wanted it has, and has said so."""
    handle = sftp.open(PATH)
    for offset in range(0, SIZE, 100_000):
        sftp.read(handle, offset, 100_000)
    sftp.send(4, struct.pack(">I", 99) + string(handle))
    sftp.transport.close()
    wait_for(lambda: served.archive() == [FILE.name])


def test_many_files_closed_in_one_breath_with_the_goodbye_have_all_been_fetched(served: Served) -> None:
    """As Node's ssh2-sftp-client leaves: it waits for no answer to CLOSE, says goodbye, and reads on to the end."""
    more = [place(payout) for payout in range(2000010, 2000030)]
    for one in more:
        publish(served.store, one, b"x")
    sftp = Sftp(served.transport())
    handles = [sftp.open(path_of(one)) for one in more]
    for handle in handles:
        assert sftp.read(handle, 0, 32768) == b"x"
    for number, handle in enumerate(handles):
        sftp.send(4, struct.pack(">I", number) + string(handle))
    goodbye = paramiko.Message().add_byte(cMSG_DISCONNECT).add_int(11).add_string("bye").add_string("")
    sftp.transport._send_message(goodbye)  # type: ignore[attr-defined]
    sftp.transport.sock.shutdown(socket.SHUT_WR)
    wait_for(lambda: served.server.connections == 0)
    assert served.archive() == sorted(one.name for one in more)


def test_a_close_that_comes_before_the_bytes_have_gone_is_none(served: Served) -> None:
    """Requests and CLOSE in one breath, from a client that takes nothing of the answers and is gone."""
    publish(served.store, place(2000010), bytes(200_000))
    sftp = Sftp(served.transport(), window=32 * 1024)
    handle = sftp.open(path_of(place(2000010)))
    ahead = b""
    for number, offset in enumerate(range(0, 200_000, 25_000)):
        ahead += packet(5, struct.pack(">I", number) + string(handle) + struct.pack(">QI", offset, 25_000))
    sftp.channel.sendall(ahead + packet(4, struct.pack(">I", 99) + string(handle)))
    time.sleep(0.3)
    assert served.archive() == []
    sftp.transport.close()
    wait_for(lambda: served.server.connections == 0)
    assert served.archive() == []


def test_what_was_cut_short_can_be_resumed(served: Served) -> None:
    transport = served.transport()
    first = Sftp(transport)
    handle = first.open(PATH)
    assert first.read(handle, 0, 200_000) == CONTENT[:200_000]
    transport.close()
    wait_for(lambda: served.server.connections == 0)

    second = Sftp(served.transport())
    handle = second.open(PATH)
    assert second.read(handle, 150_000, 200_000) == CONTENT[150_000:]
    assert second.close(handle) == 0
    assert served.archive() == [FILE.name]


def test_resuming_is_for_the_user_who_began(served: Served) -> None:
    first = Sftp(served.transport())
    handle = first.open(PATH)
    first.read(handle, 0, 200_000)
    first.close(handle)
    second = Sftp(served.transport(OTHER))
    handle = second.open(PATH)
    second.read(handle, 150_000, 200_000)
    assert second.close(handle) == 0
    assert (served.archive(), served.archive(OTHER)) == ([], [])


def test_all_of_it_read_and_never_closed_is_not_something_to_resume(served: Served) -> None:
    transport = served.transport()
    assert Sftp(transport).fetch(PATH, SIZE) == CONTENT
    transport.close()
    wait_for(lambda: served.server.connections == 0)
    second = Sftp(served.transport())
    handle = second.open(PATH)
    second.read(handle, SIZE - 10, 10)
    assert second.close(handle) == 0
    assert served.inbox() == [FILE.name]


def test_two_readers_get_the_same_bytes_and_one_archive(served: Served) -> None:
    first, second = Sftp(served.transport()), Sftp(served.transport())
    handles = first.open(PATH), second.open(PATH)
    for offset in range(0, SIZE, 100_000):
        wanted = CONTENT[offset : offset + 100_000]
        assert first.read(handles[0], offset, 100_000) == second.read(handles[1], offset, 100_000) == wanted
    assert first.close(handles[0]) == 0
    assert second.close(handles[1]) == 0
    assert (served.inbox(), served.archive()) == ([], [FILE.name])


def test_rm_during_a_read_takes_nothing_from_the_reader(served: Served) -> None:
    reader, remover = Sftp(served.transport()), Sftp(served.transport())
    handle = reader.open(PATH)
    start = reader.read(handle, 0, 100_000)
    assert remover.status(13, string(PATH)) == 0
    assert remover.status(13, string(PATH)) == 2
    assert start + reader.read(handle, 100_000, 200_000) == CONTENT
    assert reader.close(handle) == 0
    assert served.archive() == [FILE.name]


def test_many_readers_at_once(served: Served) -> None:
    fetched: list[bytes] = []

    def fetch(name: str) -> None:
        client = served.client(name)
        with suppress(FileNotFoundError), client.open(PATH, "rb") as file:
            fetched.append(file.read())

    threads = [threading.Thread(target=fetch, args=(name,)) for name in [OTHER] * 6 + [NAME]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # Whoever came when another had already closed it found it gone.
    assert fetched
    assert set(fetched) == {CONTENT}
    assert (served.archive(), served.archive(OTHER)) == ([FILE.name], [FILE.name])


def test_from_the_archive_it_can_be_fetched_as_often_as_one_likes(served: Served) -> None:
    served.client().remove(PATH)
    for _ in range(2):
        sftp = Sftp(served.transport())
        handle = sftp.open(path_of(FILE, "archive"))
        assert b"".join(sftp.read(handle, offset, 100_000) for offset in range(0, SIZE, 100_000)) == CONTENT
        assert sftp.close(handle) == 0
    assert served.archive() == [FILE.name]


def test_a_user_may_keep_the_old_habit_of_removing_files_oneself(
    store: Store, host_keys: Sequence[paramiko.PKey]
) -> None:
    publish(store, FILE, CONTENT)
    with serving(store, host_keys, [user(NAME, MSN, archives=False)]) as served:
        client = served.client()
        with client.open(PATH, "rb") as file:
            assert file.read() == CONTENT
        assert served.inbox() == [FILE.name]
        client.remove(PATH)
        assert served.archive() == [FILE.name]


def test_a_database_that_cannot_be_written_keeps_the_file_in_the_inbox(
    served: Served, sftp: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer's turn is taken by somebody else for longer than anybody waits."""
    monkeypatch.setattr("settlement_bridge.store.database.LOCK_TIMEOUT", 0.2)
    handle = sftp.open(PATH)
    for offset in range(0, SIZE, 100_000):
        sftp.read(handle, offset, 100_000)
    with served.store.writing():
        code, words = sftp.request(4, string(handle))
    assert (code, words[:4]) == (101, struct.pack(">I", 4))
    assert b"cannot reach its database: try again later" in words
    assert served.inbox() == [FILE.name]
