"""What is built of this checkout, once a test worker."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import require
from tests.documents import ROOT
from tests.packaging.machine import Machine, install, machine_at

SECONDS = 300
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "settlement_bridge", "schemas")
"""What the program is built of."""


def bash(script: str, folder: Path, **more: str) -> str:
    """Run a script with as little environment as a package's user may have; return what it says on stdout."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=clean_environment(**more),
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def clean_environment(**more: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG") or "PIP_" in name}
    return {**kept, **more}


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Return the one file that `build` puts into a folder; only the first test worker who asks builds it."""
    workers = "PYTEST_XDIST_WORKER" in os.environ
    common = factory.getbasetemp().parent if workers else factory.getbasetemp()
    folder = common / f"built-{name}"
    with (common / f"built-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            draft = common / f"building-{name}"
            draft.mkdir()
            build(draft)
            draft.rename(folder)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program's wheel, made of a copy: an earlier build's leftovers must not come along, nor this one's stay."""

    def build(folder: Path) -> None:
        source = tmp_path_factory.mktemp("source")
        for name in SOURCES:
            if (ROOT / name).is_file():
                shutil.copy(ROOT / name, source)
            else:
                shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        bash(f"{sys.executable} -m pip wheel --quiet --no-deps --wheel-dir {folder} {source}", source)

    return built_once(tmp_path_factory, "wheel", build)


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package, uncompressed to save time."""
    require(shutil.which("dpkg-deb") and Path("/usr/bin/python3").exists(), "a Debian package is built on Debian")

    def build(folder: Path) -> None:
        bash(f"{ROOT}/packaging/deb/build {folder}", ROOT, COMPRESSION="none", BUILDER_PYTHON=sys.executable)

    return built_once(tmp_path_factory, "deb", build)


@pytest.fixture(scope="session")
def machine(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which the package is installed; only for tests that take nothing away."""
    with machine_at(tmp_path_factory.mktemp("machine")) as made:
        install(made, deb)
        yield made
