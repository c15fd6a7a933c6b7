"""Does what docs/operations.md tells an administrator to do, in its order, on a machine made for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement_bridge.sandbox import Sandbox, scenario
from tests.conftest import require
from tests.documents import ROOT, blocks
from tests.packaging.machine import Machine, install, machine_at

pytestmark = pytest.mark.timeout(400)

OPERATIONS = ROOT / "docs" / "operations.md"
NOT_EXECUTED = {
    "make deb": "test_deb.py builds and installs the package",
    "sudo systemctl enable --now settlement-bridge.service": "nobody is the init of the machine",
    "sudo systemctl enable --now settlement-bridge-sync.timer": "nobody is the init of the machine",
    "pipx install .": "test_wheel.py does",
    "pipx inject settlement-bridge 'psycopg[binary]'": "the driver is the same in the package",
    "podman build --tag=settlement-bridge .": "there may be no engine",
}
"""Blocks that this test does not run, by their first line, and why."""
RESTARTS = "sudo systemctl restart settlement-bridge.service\n"

SUDO = """#!/bin/bash
if [[ $1 == -u ]]; then exec setpriv --reuid "$2" --regid "$2" --init-groups "${@:3}"; fi
exec "$@"
"""
STATE = "/var/lib/settlement-bridge"
FILES = "find /srv/settlements -type f -not -name '.*' | LC_ALL=C sort"


@pytest.fixture
def machine(deb: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with the package, and with sudo."""
    require(shutil.which("setpriv"), "install util-linux")
    with machine_at(tmp_path) as made:
        install(made, deb)
        made.run(f"rm -f /usr/bin/sudo; cat >/usr/bin/sudo <<'EOF'\n{SUDO}EOF\nchmod +x /usr/bin/sudo")
        yield made


def block(first_line: str) -> str:
    (found,) = [one.text for one in blocks(OPERATIONS, "sh") if one.text.startswith(first_line)]
    return found


def as_service(machine: Machine, script: str) -> str:
    return machine.run(f"cd {STATE}\nexport -n HOME\nsudo -u settlement-bridge bash -euo pipefail -c '{script}'")


UNTIL_IT_PUBLISHES = """
    {daemon} & daemon=$!
    for wait in $(seq 600); do
        sleep 0.1
        if [[ -n $(find /srv/settlements -name "*.xml" -not -name ".*") ]]; then break; fi
    done
    kill $daemon
    wait $daemon
"""
"""Runs the daemon and stops it in the midst of its work: it must end in order, with exit code 0."""


def daemon_line(machine: Machine) -> str:
    """Return what systemd starts."""
    return machine.run("sed -n s/^ExecStart=//p /usr/lib/systemd/system/settlement-bridge.service").strip()


def fill_in(machine: Machine, sandbox: Sandbox) -> None:
    keys = sandbox.keys
    machine.run(f"""
        cd /etc/settlement-bridge
        sed -i 's|https://api.vipps.no|{sandbox.url}|; s|^client_id = .*|client_id = "{keys.client_id}"|' config.toml
        echo {keys.client_secret} >client_secret
        echo {keys.subscription_key} >subscription_key
    """)


def test_every_block_is_run_or_named_as_not_run() -> None:
    first_lines = {one.text.partition("\n")[0] for one in blocks(OPERATIONS, "sh")}
    run = {
        "cd /etc/settlement-bridge",
        "sudo -u settlement-bridge settlement-bridge check",
        "settlement-bridge backup backup.db",
        "cp backup.db state.db",
    }
    assert first_lines == run | set(NOT_EXECUTED)


def test_installed_configured_backed_up_and_restored_as_told(machine: Machine) -> None:
    world = scenario("webshop", days=5)
    with Sandbox(world) as sandbox:
        sandbox.reveal(60)
        machine.run(block("cd /etc/settlement-bridge"))
        fill_in(machine, sandbox)
        for one in blocks(OPERATIONS, "sh"):
            if one.text.startswith("sudo -u settlement-bridge settlement-bridge check"):
                assert "WRONG" not in machine.run(one.text.replace(RESTARTS, ""))
        assert machine.run(FILES) == "", "the dry run published"
        as_service(machine, "settlement-bridge sync")
        published = machine.run(FILES).split()
        assert published

        as_service(machine, block("settlement-bridge backup"))
        machine.run(f"rm {STATE}/state.db*; rm {' '.join(published)}")
        told = as_service(machine, block("cp backup.db state.db"))
        assert "WRONG" not in told
        as_service(machine, "settlement-bridge sync")
        assert machine.run(FILES) == "", "published twice"
        sandbox.reveal(None)
        as_service(machine, UNTIL_IT_PUBLISHES.format(daemon=daemon_line(machine)))
        rest = machine.run(FILES).split()
    assert rest
    assert not set(rest) & set(published)
    owners = machine.run("stat -c %U:%G /srv/settlements/settlements /var/lib/settlement-bridge/state.db").split()
    assert set(owners) == {"settlement-bridge:settlement-bridge"}
