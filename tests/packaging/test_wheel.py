"""The wheel, installed as its users install it: with pipx, far from the checkout."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.conftest import require
from tests.documents import ROOT
from tests.packaging.conftest import bash

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pipx has put the command into."""
    require(shutil.which("pipx"), "install pipx")
    home = tmp_path_factory.mktemp("pipx")
    folders = {"PIPX_HOME": str(home / "home"), "PIPX_BIN_DIR": str(home / "bin"), "PIPX_MAN_DIR": str(home / "man")}
    bash(f"pipx install {wheel}", home, **folders)
    return home / "bin"


def test_the_command_runs_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    said = bash("settlement-bridge demo --out demo", tmp_path, PATH=f"{installed}:/usr/bin:/bin")
    assert re.search(r"9 ledgers, [0-9,]+ new entries, [0-9]+ payouts settled", said)
    assert list((tmp_path / "demo" / "published").rglob("*.xml"))


def test_nothing_of_it_comes_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    python = (installed / "settlement-bridge").resolve().with_name("python")
    told = bash(f"{python} -c 'import settlement_bridge as it; print(it.__file__)'", tmp_path)
    assert not Path(told.strip()).is_relative_to(ROOT)


def test_the_wheel_holds_the_program_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "settlement_bridge").rglob("*.py")}
    schemas = {f"settlement_bridge/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.xsd")}
    assert modules | schemas | {"settlement_bridge/py.typed"} <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"settlement_bridge"}
