"""A short soak with every run of the tests; `make soak` is the long one."""

import random
from pathlib import Path

from soak.driver import Plan, soak
from soak.importer import Importer


def test_ended_at_random_moments_under_faults_every_file_comes_once_and_right(tmp_path: Path) -> None:
    result = soak(tmp_path, Plan(seed=7, days=3, kills=6))
    assert result.violations == []
    assert result.endings["killed"] >= 2
    assert result.files >= 9


def test_the_judge_sees_what_comes_by_halves_twice_or_not_at_all(tmp_path: Path) -> None:
    expected = {"inbox/a.xml": b"<a/>", "inbox/b.xml": b"<b/>", "inbox/c.xml": b"<c/>"}
    importer = Importer(tmp_path, expected, random.Random(1))
    (tmp_path / "inbox").mkdir()
    importer.taken.add("inbox/a.xml")
    for name, content in (("a.xml", b"<a/>"), ("b.xml", b"<b"), ("x.xml", b""), (".c.xml.part", b"<c/>")):
        (tmp_path / "inbox" / name).write_bytes(content)
    importer.start()
    importer.stop()
    assert {"inbox/a.xml came again after it was taken", "inbox/x.xml should not be there"} <= set(importer.violations)
    assert "inbox/b.xml is not what it should be: 2 bytes" in importer.violations
    assert importer.missing() == {"inbox/c.xml"}
