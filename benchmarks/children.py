"""Measured work in processes of its own, so that each has its own peak memory, and a sandbox in another."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from settlement_bridge.sandbox import Keys, Sandbox, scenario
from settlement_bridge.sandbox.stored import together


@dataclass(frozen=True)
class Measured:
    """What a piece of work took: seconds, the process's peak memory in MiB, and seconds of its processors."""

    seconds: float
    peak: float
    cpu: float


@contextmanager
def sandbox(name: str, **size: int) -> Iterator[tuple[str, Keys]]:
    """Run a sandbox in a process of its own; give its address and keys."""
    child = _start("benchmarks.children", json.dumps({"scenario": name, **size}))
    try:
        assert child.stdout
        told = json.loads(child.stdout.readline())
        yield told["url"], Keys(**told["keys"])
    finally:
        child.terminate()
        child.wait()


def measure(module: str, *arguments: str) -> Measured:
    """Run a module that ends with `benchmarks.report`, in a process of its own."""
    child = _start(module, *arguments)
    output, _ = child.communicate()
    if child.returncode:
        sys.exit(f"{module} failed")
    return Measured(**json.loads(output.splitlines()[-1]))


def _start(module: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)


def _serve(options: dict[str, Any]) -> None:
    world = scenario(options.pop("scenario"), **options)
    if len(world) == 1:
        world = together([world, scenario("late-fees", days=14)])
    with Sandbox(world, port=0) as box:
        print(json.dumps({"url": box.url, "keys": asdict(box.keys)}), flush=True)
        box.serve_forever()


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
