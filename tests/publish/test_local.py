"""What holds for folders on this machine only: access rights, links, rivals."""

import grp
import multiprocessing
import os
import pwd
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from settlement_bridge.errors import BridgeError, ConfigurationError, DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.destination import Outcome, draft_name
from settlement_bridge.publish.layout import inbox_path
from settlement_bridge.publish.local import LocalDestination
from tests.conftest import require
from tests.publish.conftest import CONTENT, PATH, deliver, seal_and_drop


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("mode", "folder_mode"), [(0o640, 0o750), (0o600, 0o700), (0o644, 0o755), (0o660, 0o770), (0o666, 0o777)]
)
@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_modes_are_as_configured_whatever_the_umask(tmp_path: Path, mode: int, folder_mode: int, mask: int) -> None:
    with _umask(mask):
        deliver(LocalDestination(tmp_path, mode))
    assert _mode(tmp_path / PATH) == mode
    assert {_mode(tmp_path / folder) for folder in PATH.parents[:-1]} == {folder_mode}


@pytest.mark.parametrize("mode", [0o440, 0o007, 0o1644, 0o4755, -1])
def test_modes_that_lock_the_bridge_out_or_mean_more_than_access_are_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="use one from 0o600 to 0o777"):
        LocalDestination(tmp_path, mode)


def test_owner_and_group_are_as_configured(tmp_path: Path) -> None:
    require(os.geteuid() == 0, "only root may give files away")
    owner, group = pwd.getpwuid(65534).pw_name, grp.getgrgid(1).gr_name
    deliver(LocalDestination(tmp_path, owner=owner, group=group))
    for made in (PATH, *PATH.parents[:-1]):
        found = (tmp_path / made).stat()
        assert (found.st_uid, found.st_gid) == (65534, 1)


@pytest.mark.parametrize(("owner", "group"), [("nobody-by-this-name", None), (None, "nobody-by-this-name")])
def test_an_unknown_owner_or_group_is_named(tmp_path: Path, owner: str | None, group: str | None) -> None:
    with pytest.raises(DeliveryFailed, match="nobody-by-this-name"):
        LocalDestination(tmp_path, owner=owner, group=group).check()
    assert list(tmp_path.iterdir()) == []


def test_its_name_does_not_depend_on_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalDestination(Path("settlements")).name == f"local:{tmp_path}/settlements"


def test_a_missing_destination_is_not_made(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path / "not-mounted")
    with pytest.raises(DeliveryFailed, match=r"not-mounted cannot be used: no such file .*make it, or mount"):
        destination.check()
    with pytest.raises(DeliveryFailed, match="not-mounted"):
        destination.look(PATH)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["", "settlements", "settlements/inbox/xml/998724341"])
def test_a_file_where_a_folder_belongs_is_named(tmp_path: Path, place: str) -> None:
    root = tmp_path / "root"
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_bytes(b"in the way")
    with pytest.raises(DeliveryFailed, match=rf"{root / place} cannot be used: not a directory"):
        LocalDestination(root).draft(PATH)
    assert (root / place).read_bytes() == b"in the way"


def test_the_destination_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    deliver(LocalDestination(tmp_path / "link"))
    assert (tmp_path / "real" / PATH).read_bytes() == CONTENT


@pytest.mark.parametrize("depth", range(1, len(PATH.parents)))
def test_no_link_below_leads_elsewhere(tmp_path: Path, depth: int) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    link = root / PATH.parents[len(PATH.parents) - 1 - depth]
    link.parent.mkdir(parents=True)
    link.symlink_to(outside, target_is_directory=True)
    destination = LocalDestination(root)
    for door in (destination.draft, destination.look):
        with pytest.raises(DeliveryFailed, match="a folder must stand where a file or a symbolic link stands"):
            door(PATH)
    assert list(outside.iterdir()) == []


def test_a_link_in_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    draft = tmp_path / PATH.with_name(draft_name(PATH))
    draft.parent.mkdir(parents=True)
    draft.symlink_to(precious)
    with pytest.raises(DeliveryFailed, match="no symbolic link may stand"):
        LocalDestination(tmp_path).draft(PATH)
    assert precious.read_bytes() == b"precious"


def test_a_second_name_of_another_file_in_place_of_the_draft_is_not_written_to(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    draft = tmp_path / PATH.with_name(draft_name(PATH))
    draft.parent.mkdir(parents=True)
    draft.hardlink_to(precious)
    with pytest.raises(DeliveryRefused, match="is another file's second name: remove it"):
        LocalDestination(tmp_path).draft(PATH)
    assert precious.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "fifo"])
def test_something_else_than_a_file_at_the_final_name_is_refused(tmp_path: Path, kind: str) -> None:
    destination = LocalDestination(tmp_path)
    sealed = seal_and_drop(destination)
    final = tmp_path / PATH
    match kind:
        case "link":
            final.symlink_to(final.with_name(draft_name(PATH)))
        case "dangling link":
            final.symlink_to("nowhere")
        case "folder":
            final.mkdir()
        case "fifo":
            os.mkfifo(final)
    with pytest.raises(DeliveryRefused, match="is not a file: remove what stands there"):
        destination.look(PATH)
    with pytest.raises(DeliveryRefused, match="is not a file: remove what stands there"):
        destination.recover(PATH, sealed)
    with pytest.raises(DeliveryRefused, match="exists already"):
        deliver(destination)


def test_folders_left_unfinished_by_a_kill_are_finished(tmp_path: Path) -> None:
    (tmp_path / ".settlements.part").mkdir(0o700)
    deliver(LocalDestination(tmp_path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["settlements"]
    assert _mode(tmp_path / "settlements") == 0o750


def test_ledgers_side_by_side_do_not_take_each_others_folders_away(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path)

    def one(payout: int) -> None:
        draft = destination.draft(inbox_path("998724341", str(payout % 3), payout, "xml"))
        draft.seal()
        if payout % 2:
            draft.publish()
        draft.discard()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(200)))
    assert len(list(tmp_path.rglob("*.xml"))) == 100
    assert not list(tmp_path.rglob("*.part"))


def test_ledgers_that_all_fail_leave_nothing(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path)

    def one(payout: int) -> None:
        destination.draft(inbox_path("998724341", str(payout), payout, "xml")).discard()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(400)))
    assert list(tmp_path.iterdir()) == []


def test_dropped_drafts_leave_no_open_files(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path)
    deliver(destination)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for payout in range(20):
        seal_and_drop(destination, path=inbox_path("998724341", "16655", payout, "xml"))
        destination.look(PATH)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_discarded_draft_holds_no_open_file(tmp_path: Path) -> None:
    draft = LocalDestination(tmp_path).draft(PATH)
    draft.stream.write(b"not flushed yet")
    draft.discard()
    open_files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)]  # noqa: PTH115, PTH208
    assert not [name for name in open_files if draft_name(PATH) in name]


def _is_open(fd: str) -> bool:
    return Path(f"/proc/self/fd/{fd}").is_symlink()


ROUNDS = 30


def _race_to_publish(
    root: Path, content: bytes, start: Barrier, won: "multiprocessing.Queue[tuple[int, bytes]]"
) -> None:
    destination = LocalDestination(root)
    for payout in range(ROUNDS):
        start.wait(30)
        try:
            deliver(destination, content, inbox_path("998724341", "16655", payout, "xml"))
        except BridgeError:
            continue
        won.put((payout, content))


def _race_to_create(
    root: Path, content: bytes, start: Barrier, won: "multiprocessing.Queue[tuple[int, bytes]]"
) -> None:
    """Do what a foreign program does that knows nothing of drafts."""
    for payout in range(ROUNDS):
        path = root / inbox_path("998724341", "16655", payout, "xml")
        start.wait(30)
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            continue
        won.put((payout, content))


@pytest.mark.parametrize("rival", [_race_to_publish, _race_to_create])
def test_of_two_processes_exactly_one_gets_the_final_name(tmp_path: Path, rival: Callable[..., None]) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    spawn = multiprocessing.get_context("spawn")
    start, won = spawn.Barrier(2), spawn.Queue()
    racers = [
        spawn.Process(target=target, args=(tmp_path, content, start, won))
        for target, content in ((_race_to_publish, b"ours" * 1000), (rival, b"theirs" * 1000))
    ]
    for racer in racers:
        racer.start()
    winners = dict(won.get(timeout=60) for _ in range(ROUNDS))
    for racer in racers:
        racer.join(30)
        assert racer.exitcode == 0
    assert won.empty()
    for payout in range(ROUNDS):
        path = inbox_path("998724341", "16655", payout, "xml")
        assert (tmp_path / path).read_bytes() == winners[payout]


def test_recovering_side_by_side_publishes_once(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path)
    sealed = seal_and_drop(destination)
    start = threading.Barrier(4)

    def recover() -> Outcome | None:
        start.wait(30)
        try:
            return LocalDestination(tmp_path).recover(PATH, sealed)
        except DeliveryFailed:
            return None

    with ThreadPoolExecutor(4) as pool:
        outcomes = [future.result() for future in [pool.submit(recover) for _ in range(4)]]
    assert set(outcomes) <= {Outcome.DELIVERED, None}
    assert Outcome.DELIVERED in outcomes
    assert destination.look(PATH) == sealed
