"""Documents, and every user's inbox and archive, on both kinds of database."""

import hashlib
import io
from datetime import timedelta

import pytest

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.store import CHUNK, Document, DocumentPlace, Store, View
from tests.store.histories import NOON

PLACE = DocumentPlace("xml", "998724341", "16655", "16655-2000001.xml")
ALL = View("import", frozenset(("xml", "csv")), None)


def draft(store: Store, content: bytes, place: DocumentPlace = PLACE) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    store.documents.write_draft(place, io.BytesIO(content), sha256, len(content), NOON)


def publish(store: Store, place: DocumentPlace = PLACE, content: bytes = b"x") -> Document:
    draft(store, content, place)
    store.documents.publish(place, NOON)
    published = store.documents.published(place)
    assert published
    return published


def read(store: Store, document: Document) -> bytes:
    number, content = 0, b""
    while chunk := store.documents.chunk(document.document_id, number):
        number, content = number + 1, content + chunk
    return content


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 40 * CHUNK])
def test_a_document_is_kept_as_it_was_written(store: Store, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    document = publish(store, content=content[:size])
    assert read(store, document) == content[:size]
    assert (document.size, document.sha256) == (size, hashlib.sha256(content[:size]).hexdigest())
    assert (document.place, document.published_at) == (PLACE, NOON)


def test_a_draft_is_seen_by_nobody(store: Store) -> None:
    draft(store, b"x")
    assert store.documents.published(PLACE) is None
    assert store.inboxes.documents(ALL, archived=False) == []
    assert store.inboxes.document(ALL, PLACE, archived=False) is None
    assert store.inboxes.folders(ALL, (), archived=False) == []
    assert store.inboxes.folder(ALL, (), archived=False) is None


def test_a_draft_takes_the_place_of_an_earlier_one(store: Store) -> None:
    draft(store, b"longer than the next")
    draft(store, b"short")
    store.documents.publish(PLACE, NOON)
    document = store.documents.published(PLACE)
    assert document
    assert read(store, document) == b"short"


def test_a_document_is_never_replaced(store: Store) -> None:
    document = publish(store, content=b"first")
    draft(store, b"second")
    with pytest.raises(DeliveryRefused, match=r"16655-2000001\.xml is served already"):
        store.documents.publish(PLACE, NOON)
    store.documents.discard(PLACE)
    assert store.documents.published(PLACE) == document
    assert read(store, document) == b"first"
    assert store.documents.draft(PLACE) is None


def test_a_draft_whose_writing_was_cut_short_is_not_complete(store: Store) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 33 * CHUNK:
                raise KeyboardInterrupt
            return super().read(size)

    with pytest.raises(KeyboardInterrupt):
        store.documents.write_draft(PLACE, Torn(bytes(40 * CHUNK)), "0" * 64, 40 * CHUNK, NOON)
    torn = store.documents.draft(PLACE)
    assert torn
    assert not store.documents.complete(torn)
    draft(store, bytes(40 * CHUNK))
    whole = store.documents.draft(PLACE)
    assert whole
    assert store.documents.complete(whole)


def test_every_user_has_an_inbox_of_their_own(store: Store) -> None:
    document = publish(store)
    other = View("other", frozenset(("xml",)), None)
    store.inboxes.archive("import", document.document_id, NOON)
    store.inboxes.archive("import", document.document_id, NOON)
    assert store.inboxes.documents(ALL, archived=False) == []
    assert store.inboxes.documents(ALL, archived=True) == [document]
    assert store.inboxes.document(ALL, PLACE, archived=True) == document
    assert store.inboxes.document(ALL, PLACE, archived=False) is None
    assert store.inboxes.documents(other, archived=False) == [document]

    store.inboxes.restore("other", [document.document_id])
    assert store.inboxes.documents(ALL, archived=True) == [document]
    store.inboxes.restore("import", [document.document_id])
    assert store.inboxes.documents(ALL, archived=False) == [document]


def test_folders_are_there_for_those_who_find_something_in_them(store: Store) -> None:
    publish(store)
    publish(store, DocumentPlace("xml", "998724341", "123456", "123456-1.xml"))
    publish(store, DocumentPlace("csv", "987654321", "123456", "123456-1.csv"))
    mine = View("import", frozenset(("xml", "csv")), frozenset(("16655",)))

    def names(view: View, *path: str) -> list[str]:
        return [folder.name for folder in store.inboxes.folders(view, path, archived=False)]

    assert names(ALL) == ["csv", "xml"]
    assert names(ALL, "xml", "998724341") == ["123456", "16655"]
    assert names(mine) == ["xml"]
    assert names(mine, "xml", "998724341") == ["16655"]
    assert names(mine, "csv") == []
    assert names(View("import", frozenset(("csv",)), None)) == ["csv"]
    assert store.inboxes.folder(mine, ("csv",), archived=False) is None
    assert (
        store.inboxes.document(mine, DocumentPlace("xml", "998724341", "123456", "123456-1.xml"), archived=False)
        is None
    )


def test_a_folder_has_the_time_of_the_youngest_document_in_it(store: Store) -> None:
    publish(store)
    later = DocumentPlace("xml", "998724341", "16655", "16655-2000002.xml")
    draft(store, b"y", later)
    store.documents.publish(later, NOON + timedelta(days=1))
    (folder,) = store.inboxes.folders(ALL, (), archived=False)
    assert folder.changed_at == NOON + timedelta(days=1)
    assert store.inboxes.folder(ALL, ("xml",), archived=False) == folder
