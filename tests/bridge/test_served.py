"""The SFTP server's documents as a destination: the port's promises, and whole runs that publish into it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.outcome import RunOutcome
from settlement_bridge.bridge.served import ServedDestination
from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.publish import Destination, Fingerprint, Outcome, inbox_path
from settlement_bridge.sandbox import Sandbox, scenario
from settlement_bridge.store import CHUNK, DeliveryState, Document, DocumentPlace, Store, View
from tests.bridge.conftest import LATER, Run, bridge_settings, published

PATH = inbox_path("998724341", "16655", 2000001, "xml")
PLACE = DocumentPlace("xml", "998724341", "16655", "16655-2000001.xml")
CONTENT = b"<SettlementReport/>\n" * 20_000
EVERYTHING = View("import", frozenset(("xml", "csv", "pdf")), None)


@pytest.fixture
def destination(store: Store, tmp_path: Path) -> Destination:
    spool = tmp_path / "spool"
    spool.mkdir()
    return ServedDestination(store, lambda: LATER, spool)


def sealed_draft(destination: Destination, content: bytes = CONTENT) -> Fingerprint:
    """Leave what a run leaves that is killed before it publishes."""
    draft = destination.draft(PATH)
    draft.stream.write(content)
    return draft.seal()


def content_of(store: Store, document: Document) -> bytes:
    count = -(-document.size // CHUNK)
    return b"".join(store.documents.chunk(document.document_id, number) for number in range(count))


def spooled(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]


# The port


def test_a_published_document_is_there_as_it_was_written(
    destination: Destination, store: Store, tmp_path: Path
) -> None:
    draft = destination.draft(PATH)
    draft.stream.write(CONTENT)
    sealed = draft.seal()
    assert draft.local_path.read_bytes() == CONTENT
    assert store.inboxes.documents(EVERYTHING, archived=False) == []
    draft.publish()
    assert sealed == Fingerprint(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert destination.look(PATH) == sealed
    (document,) = store.inboxes.documents(EVERYTHING, archived=False)
    assert (content_of(store, document), document.place) == (CONTENT, PLACE)
    assert spooled(tmp_path) == []


def test_looking_at_nothing(destination: Destination) -> None:
    assert destination.look(PATH) is None


def test_publishing_never_replaces_what_is_there(destination: Destination, store: Store, tmp_path: Path) -> None:
    draft = destination.draft(PATH)
    draft.stream.write(b"first")
    draft.seal()
    draft.publish()
    second = destination.draft(PATH)
    second.stream.write(b"second")
    second.seal()
    with pytest.raises(DeliveryRefused, match="is served already"):
        second.publish()
    second.discard()
    (document,) = store.inboxes.documents(EVERYTHING, archived=False)
    assert content_of(store, document) == b"first"
    assert (store.documents.draft(PLACE), spooled(tmp_path)) == (None, [])


def test_discarding_leaves_nothing_and_what_was_published_stays(destination: Destination, tmp_path: Path) -> None:
    draft = destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.seal()
    draft.discard()
    draft.discard()
    assert (destination.look(PATH), spooled(tmp_path)) == (None, [])
    draft = destination.draft(PATH)
    draft.seal()
    draft.publish()
    draft.discard()
    assert destination.look(PATH) is not None


def test_two_drafts_of_one_document_never_mix(destination: Destination) -> None:
    first = destination.draft(PATH)
    with pytest.raises(DeliveryFailed, match="another process is writing it"):
        destination.draft(PATH)
    first.discard()


def test_recovering_a_complete_draft_publishes_it(destination: Destination) -> None:
    sealed = sealed_draft(destination)
    assert destination.recover(PATH, sealed) is Outcome.DELIVERED
    assert destination.look(PATH) == sealed
    assert destination.recover(PATH, sealed) is Outcome.DELIVERED


def test_recovering_without_a_usable_draft_begins_anew(destination: Destination) -> None:
    nothing = Fingerprint("0" * 64, 1)
    assert destination.recover(PATH, nothing) is Outcome.ABSENT
    sealed_draft(destination)
    assert destination.recover(PATH, nothing) is Outcome.ABSENT
    assert destination.look(PATH) is None


def test_recovering_beside_other_content_touches_neither(destination: Destination) -> None:
    there = sealed_draft(destination, b"other")
    destination.recover(PATH, there)
    sealed = sealed_draft(destination)
    assert destination.recover(PATH, sealed) is Outcome.TAKEN
    assert destination.look(PATH) == there


def test_a_check_leaves_nothing_behind(destination: Destination, store: Store, tmp_path: Path) -> None:
    destination.check()
    assert spooled(tmp_path) == []
    assert store.inboxes.documents(EVERYTHING, archived=False) == []


# Whole runs


def serving(
    settings: BridgeSettings, store: Store, *extensions: str, units: dict[str, frozenset[str]] | None = None
) -> BridgeSettings:
    outlet = Outlet(
        ServedDestination(store, lambda: LATER),
        tuple(formats.get(name) for name in extensions or ("xml",)),
        sales_units=units or {},
    )
    return replace(settings, outlets=(*settings.outlets, outlet))


def served_files(store: Store) -> dict[str, bytes]:
    documents = store.inboxes.documents(EVERYTHING, archived=False)
    return {"/".join(one.place): content_of(store, one) for one in documents}


def test_what_is_served_is_what_the_folder_gets(run: Run, store: Store, tmp_path: Path) -> None:
    settings = serving(bridge_settings(tmp_path / "folder"), store, "xml", "csv")
    with Sandbox(scenario("chain-of-shops", days=4)) as sandbox:
        outcome = run(sandbox, settings)
    in_folder = {f"xml/{path}": content for path, content in published(tmp_path / "folder").items()}
    served = served_files(store)
    assert {path: content for path, content in served.items() if path.startswith("xml/")} == in_folder
    assert len(served) == 2 * len(in_folder) > 0
    assert states(outcome) == {DeliveryState.DELIVERED: 3 * len(in_folder)}


def states(outcome: RunOutcome) -> dict[DeliveryState, int]:
    found = [one.state for one in outcome.deliveries]
    return {state: found.count(state) for state in set(found)}


def test_what_was_archived_does_not_come_again(run: Run, store: Store, tmp_path: Path) -> None:
    settings = serving(bridge_settings(), store)
    with Sandbox(scenario("webshop", days=3)) as sandbox:
        run(sandbox, settings)
        first, *_ = store.inboxes.documents(EVERYTHING, archived=False)
        store.inboxes.archive("import", first.document_id, LATER)
        assert run(sandbox, settings).deliveries == []
    assert first not in store.inboxes.documents(EVERYTHING, archived=False)


def test_a_format_or_a_user_that_comes_later_gets_what_was_settled_before(run: Run, store: Store) -> None:
    with Sandbox(scenario("chain-of-shops", days=4)) as sandbox:
        run(sandbox, serving(bridge_settings(), store, "xml", units={"xml": frozenset(["210001"])}))
        assert {path.split("/")[2] for path in served_files(store)} == {"210001"}
        before = len(served_files(store))
        run(sandbox, serving(bridge_settings(), store, "xml", "csv", units={"csv": frozenset(["210001"])}))
    served = served_files(store)
    assert {path.split("/")[2] for path in served if path.startswith("xml")} == {"210001", "210002", "210003"}
    assert sum(path.startswith("csv") for path in served) == before


@pytest.mark.parametrize("name", ["write_draft", "publish"])
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
def test_a_run_that_is_cut_short_converges(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch, name: str, behind: bool
) -> None:
    """Ends a run around each change of the store as a kill would; the next run leaves every document once."""
    settings = serving(bridge_settings(), store)
    original = getattr(store.documents, name)

    def cut(*arguments: object) -> None:
        if behind:
            original(*arguments)
        raise KeyboardInterrupt

    with Sandbox(scenario("webshop", days=3)) as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr(store.documents, name, cut)
            with pytest.raises(KeyboardInterrupt):
                run(sandbox, settings)
        run(sandbox, settings)
        assert len(served_files(store)) == 3
        assert run(sandbox, settings).deliveries == []
