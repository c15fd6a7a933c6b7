"""What is installed is what lies in the checkout."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.formats import schemas

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def setuptools() -> Any:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_of_the_checkout_is_installed(setuptools: Any) -> None:
    modules = (CHECKOUT / "settlement_bridge").rglob("*.py")
    packages = {".".join(module.parent.relative_to(CHECKOUT).parts) for module in modules}
    listed = setuptools["packages"]
    assert sorted(listed) == sorted({*packages, "settlement_bridge.schemas"}), "list it in pyproject.toml, packages"


def test_the_schemas_are_installed_inside_the_package(setuptools: Any) -> None:
    assert setuptools["package-dir"]["settlement_bridge.schemas"] == "schemas"
    patterns = setuptools["package-data"]["settlement_bridge.schemas"]
    shipped = {file.name for pattern in patterns for file in (CHECKOUT / "schemas").glob(pattern)}
    assert shipped == {file.name for file in (CHECKOUT / "schemas").iterdir() if file.is_file()}


def test_an_installed_package_finds_the_schemas_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, beside = tmp_path / "settlement_bridge" / "schemas", tmp_path / "schemas"
    for folder in (inside, beside):
        folder.mkdir(parents=True)
        (folder / "one.xsd").touch()
    monkeypatch.setattr(schemas, "_FOLDERS", (inside, beside))
    assert schemas.schema_path("one.xsd") == inside / "one.xsd"
    (inside / "one.xsd").unlink()
    assert schemas.schema_path("one.xsd") == beside / "one.xsd"
    with pytest.raises(FileNotFoundError, match=r"two\.xsd is missing from .*: install settlement-bridge again"):
        schemas.schema_path("two.xsd")
