"""No path is ever built from a value that is not letters, digits and hyphens (rule 18; fault 24)."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.publish.destination import draft_name
from settlement_bridge.publish.layout import EXTENSIONS, inbox_path, refuse_unsafe

HOSTILE = [
    "../x",
    "..",
    ".",
    "",
    "a/b",
    "a\0",
    "a b",
    " ",
    "-rf",
    "١٢٣",
    "ø",
    "a\n",
    "a.b",
    "~",
    "$HOME",
    "*",
    "x" * 65,
]
ANY_TEXT = st.one_of(st.text(), st.sampled_from(HOSTILE), st.from_regex(r"[A-Za-z0-9-]{0,70}", fullmatch=True))


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_paths_are_those_of_the_retired_service(extension: str) -> None:
    path = inbox_path("998724341", "16655", 2000001, extension)
    assert path == PurePosixPath(f"settlements/inbox/{extension}/998724341/16655/16655-2000001.{extension}")


def test_a_suffix_follows_the_payout() -> None:
    path = inbox_path("998724341", "16655", 2000001, "xml.zip", "302321")
    assert path.name == "16655-2000001-302321.xml.zip"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_that_is_not_safe_is_refused_and_named(value: str) -> None:
    named = re.escape(repr(value[:80]))
    with pytest.raises(DeliveryRefused, match=f"organization number {named} cannot be part of a path"):
        inbox_path(value, "16655", 2000001, "xml")
    with pytest.raises(DeliveryRefused, match=f"merchant serial number {named} cannot be part of a path"):
        inbox_path("998724341", value, 2000001, "xml")
    if value:
        with pytest.raises(DeliveryRefused, match=f"suffix {named} cannot be part of a path"):
            inbox_path("998724341", "16655", 2000001, "xml", value)


def test_a_negative_payout_number_is_refused() -> None:
    with pytest.raises(DeliveryRefused, match="payout number '-1'"):
        inbox_path("998724341", "16655", -1, "xml")


@pytest.mark.parametrize("extension", ["", "exe", "XML", "../xml", "xml/", "zip"])
def test_an_unknown_extension_is_refused(extension: str) -> None:
    with pytest.raises(DeliveryRefused, match=r"use one of camt\.053\.xml, csv, pdf, xlsx, xml, xml\.zip"):
        inbox_path("998724341", "16655", 2000001, extension)


@given(ANY_TEXT, ANY_TEXT, st.integers(), st.one_of(st.sampled_from(sorted(EXTENSIONS)), st.text()), ANY_TEXT)
@example("..", "16655", 1, "xml", "")
@example("998724341", "16655\n", 1, "xml", "")
def test_no_value_leads_out_of_the_tree(organization: str, msn: str, payout: int, extension: str, suffix: str) -> None:
    try:
        path = inbox_path(organization, msn, payout, extension, suffix)
    except DeliveryRefused:
        return
    assert re.fullmatch(r"[A-Za-z0-9./-]+", str(path), re.ASCII)
    assert path.parts[:3] == ("settlements", "inbox", extension)
    assert len(path.parts) == 6
    assert not any(part.startswith((".", "-")) for part in path.parts)
    assert len(draft_name(path)) < 255
    refuse_unsafe(path)


@given(st.lists(st.one_of(st.text(max_size=10), st.sampled_from(HOSTILE)), max_size=4).map("/".join))
def test_destinations_accept_only_safe_relative_paths(text: str) -> None:
    path = PurePosixPath(text)
    try:
        refuse_unsafe(path)
    except DeliveryRefused:
        return
    assert re.fullmatch(r"[A-Za-z0-9._/-]+", str(path), re.ASCII)
    assert not path.is_absolute()
    assert not any(part.startswith(".") for part in path.parts)


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_no_importer_matches_a_draft(extension: str) -> None:
    name = draft_name(inbox_path("998724341", "16655", 2000001, extension))
    assert name.startswith(".")
    assert not any(name.endswith(f".{known}") for known in EXTENSIONS)
