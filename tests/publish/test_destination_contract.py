"""What the bridge relies on, whatever the destination."""

import hashlib
from pathlib import PurePosixPath

import pytest

from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.destination import Fingerprint, Outcome
from settlement_bridge.publish.layout import inbox_path
from tests.publish.conftest import CONTENT, PATH, Place, deliver, seal_and_drop

OTHER = Fingerprint(hashlib.sha256(b"other").hexdigest(), 5)


def test_a_published_document_is_there_as_it_was_written(place: Place) -> None:
    sealed = deliver(place.destination)

    assert (place.folder / PATH).read_bytes() == CONTENT
    assert sealed == Fingerprint(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert place.destination.look(PATH) == sealed
    assert place.everything() == [str(folder) for folder in reversed(PATH.parents[:-1])] + [str(PATH)]


def test_a_document_can_be_of_any_size(place: Place) -> None:
    for payout, size in enumerate((0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1)):
        path = inbox_path("998724341", "16655", payout, "csv")
        assert deliver(place.destination, b"x" * size, path).size == size
        assert (place.folder / path).stat().st_size == size


def test_a_document_may_be_written_out_of_order(place: Place) -> None:
    draft = place.destination.draft(PATH)
    draft.stream.write(b"????, settled")
    draft.stream.seek(0)
    draft.stream.write(b"here")
    assert draft.seal() == Fingerprint(hashlib.sha256(b"here, settled").hexdigest(), 13)


def test_importers_see_no_draft_at_any_time(place: Place) -> None:
    folders = [str(folder) for folder in reversed(PATH.parents[:-1])]
    draft = place.destination.draft(PATH)
    draft.stream.write(CONTENT)
    assert set(place.visible()) <= set(folders)
    draft.seal()
    assert place.visible() == folders
    assert list(place.folder.rglob("*.xml")) == []


def test_a_sealed_draft_can_be_read_back_to_validate_it(place: Place) -> None:
    draft = place.destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.seal()
    assert draft.local_path.read_bytes() == CONTENT


def test_looking_makes_nothing(place: Place) -> None:
    assert place.destination.look(PATH) is None
    assert place.everything() == []


def test_looking_tells_other_content_apart(place: Place) -> None:
    sealed = deliver(place.destination)
    place.put(CONTENT[:-1] + b" ")
    found = place.destination.look(PATH)
    assert found is not None
    assert found != sealed
    assert found.size == sealed.size


@pytest.mark.parametrize("content", [b"other", CONTENT], ids=["other content", "same content"])
def test_publishing_never_replaces_what_is_there(place: Place, content: bytes) -> None:
    place.put(content)
    draft = place.destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.seal()
    before = (place.folder / PATH).stat()

    with pytest.raises(DeliveryRefused, match=r"16655-2000001\.xml exists already"):
        draft.publish()

    assert (place.folder / PATH).read_bytes() == content
    assert (place.folder / PATH).stat().st_ino == before.st_ino
    draft.discard()
    assert place.visible()[-1] == str(PATH)


def test_discarding_removes_the_draft_and_its_folders(place: Place) -> None:
    draft = place.destination.draft(PATH)
    draft.stream.write(CONTENT)
    draft.discard()
    assert place.everything() == []


def test_discarding_a_sealed_draft_removes_it(place: Place) -> None:
    draft = place.destination.draft(PATH)
    draft.seal()
    draft.discard()
    draft.discard()
    assert place.everything() == []


def test_discarding_keeps_folders_that_were_there_or_are_in_use(place: Place) -> None:
    (place.folder / "settlements" / "inbox").mkdir(parents=True)
    draft = place.destination.draft(PATH)
    deliver(place.destination, b"x", inbox_path("998724341", "123456", 2000001, "xml"))
    draft.discard()
    assert place.everything() == [
        "settlements",
        "settlements/inbox",
        "settlements/inbox/xml",
        "settlements/inbox/xml/998724341",
        "settlements/inbox/xml/998724341/123456",
        "settlements/inbox/xml/998724341/123456/123456-2000001.xml",
    ]


def test_the_last_of_several_drafts_takes_their_folders_away(place: Place) -> None:
    first = place.destination.draft(PATH)
    second = place.destination.draft(inbox_path("998724341", "16655", 2000002, "xml"))
    first.discard()
    second.discard()
    assert place.everything() == []


def test_a_folder_that_a_person_makes_again_stays(place: Place) -> None:
    place.destination.draft(PATH).discard()
    (place.folder / PATH.parent).mkdir(parents=True)
    place.destination.draft(PATH).discard()
    assert place.everything()[-1] == str(PATH.parent)


def test_folders_that_importers_have_used_stay(place: Place) -> None:
    deliver(place.destination)
    (place.folder / PATH).unlink()
    place.destination.draft(PATH).discard()
    assert place.everything()[-1] == str(PATH.parent)


def test_discarding_what_was_published_leaves_it(place: Place) -> None:
    draft = place.destination.draft(PATH)
    draft.seal()
    draft.publish()
    draft.discard()
    assert (place.folder / PATH).exists()


def test_discarding_what_was_published_leaves_the_next_draft(place: Place) -> None:
    published = place.destination.draft(PATH)
    published.seal()
    published.publish()
    (place.folder / PATH).unlink()
    following = place.destination.draft(PATH)
    published.discard()
    following.seal()
    following.publish()
    assert (place.folder / PATH).exists()


def test_two_drafts_of_one_document_never_mix(place: Place) -> None:
    first = place.destination.draft(PATH)
    first.stream.write(CONTENT)
    with pytest.raises(DeliveryFailed, match="another process is writing it"):
        place.destination.draft(PATH)
    first.seal()
    first.publish()
    assert (place.folder / PATH).read_bytes() == CONTENT


def test_a_left_over_draft_is_begun_anew(place: Place) -> None:
    seal_and_drop(place.destination, CONTENT)
    deliver(place.destination, b"short")
    assert (place.folder / PATH).read_bytes() == b"short"
    assert not any(".part" in name for name in place.everything())


def test_recovering_a_complete_draft_publishes_it(place: Place) -> None:
    sealed = seal_and_drop(place.destination)
    assert place.destination.recover(PATH, sealed) is Outcome.DELIVERED
    assert (place.folder / PATH).read_bytes() == CONTENT
    assert not any(".part" in name for name in place.everything())


def test_recovering_a_published_document_leaves_it(place: Place) -> None:
    sealed = deliver(place.destination)
    assert place.destination.recover(PATH, sealed) is Outcome.DELIVERED
    assert (place.folder / PATH).read_bytes() == CONTENT


def test_recovering_never_brings_back_what_an_importer_took(place: Place) -> None:
    sealed = deliver(place.destination)
    (place.folder / PATH).unlink()
    assert place.destination.recover(PATH, sealed) is Outcome.DELIVERED
    assert str(PATH) not in place.everything()


def test_recovering_beside_other_content_touches_neither(place: Place) -> None:
    sealed = seal_and_drop(place.destination)
    place.put(b"other")
    before = place.everything()
    assert place.destination.recover(PATH, sealed) is Outcome.TAKEN
    assert (place.folder / PATH).read_bytes() == b"other"
    assert place.everything() == before


def test_recovering_beside_the_same_content_tidies_up(place: Place) -> None:
    sealed = seal_and_drop(place.destination)
    place.put(CONTENT)
    assert place.destination.recover(PATH, sealed) is Outcome.DELIVERED
    assert not any(".part" in name for name in place.everything())


def test_recovering_never_takes_a_draft_that_is_not_what_was_sealed_for_delivered(place: Place) -> None:
    seal_and_drop(place.destination)
    for _ in range(2):  # a run may be killed before it has recorded the answer
        assert place.destination.recover(PATH, OTHER) is Outcome.ABSENT
    assert place.visible()[-1] == str(PATH.parent)
    deliver(place.destination)
    assert not any(".part" in name for name in place.everything())


def test_recovering_waits_for_whoever_holds_the_draft(place: Place) -> None:
    draft = place.destination.draft(PATH)
    with pytest.raises(DeliveryFailed, match="another process is writing it"):
        place.destination.recover(PATH, OTHER)
    draft.discard()


def test_recovering_does_not_take_a_missing_mount_for_an_importer(place: Place) -> None:
    with pytest.raises(DeliveryFailed, match=r"16655-2000001.xml is gone: mount it"):
        place.destination.recover(PATH, OTHER)
    assert place.everything() == []


@pytest.mark.parametrize(
    "path", ["/etc/x.xml", "../x.xml", "a/../../x.xml", "a b.xml", "a\0.xml", "", ".x", "a/.x.part"]
)
def test_unsafe_paths_are_refused_by_every_door(place: Place, path: str) -> None:
    unsafe = PurePosixPath(path)
    for door in (place.destination.draft, place.destination.look, lambda p: place.destination.recover(p, OTHER)):
        with pytest.raises(DeliveryRefused, match="is not safe"):
            door(unsafe)
    assert place.everything() == []


def test_checking_leaves_nothing_behind(place: Place) -> None:
    place.destination.check()
    assert place.everything() == []
    sealed = deliver(place.destination)
    before = place.everything()
    place.destination.check()
    assert place.everything() == before
    assert place.destination.look(PATH) == sealed
