"""The Debian package, installed and removed for real, on a layer above this machine's own system."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from settlement_bridge.cli.entry import COMMANDS
from tests.conftest import require
from tests.documents import ROOT
from tests.packaging.machine import Machine, install, machine_at

pytestmark = pytest.mark.timeout(400)
LEFT_BEHIND = {"/var/lib/settlement-bridge", "/var/lib/settlement-bridge/state.db"}
"""What a purge leaves, as docs/operations.md says."""


def test_the_installed_command_does_the_whole_work(machine: Machine) -> None:
    said = machine.run("cd /root && settlement-bridge demo")
    assert re.search(r"9 ledgers, [0-9,]+ new entries, [0-9]+ payouts settled", said)
    machine.run("dpkg --verify settlement-bridge")


def test_it_imports_nothing_of_the_machine_or_the_folder_it_is_called_in(machine: Machine) -> None:
    said = machine.run("""
        mkdir -p /tmp/poison/poison && cd /tmp/poison
        echo 'raise SystemExit(99)' | tee click.py >poison/click.py
        PYTHONPATH=poison settlement-bridge --version
    """)
    assert said.startswith("settlement-bridge, version ")
    machine.run("cd /tmp && settlement-bridge sandbox --help | grep -q big-merchant")


def test_user_and_folders_are_made_and_others_see_nothing(machine: Machine) -> None:
    assert machine.run("getent passwd settlement-bridge").split(":")[5] == "/var/lib/settlement-bridge"
    told = machine.run("stat -c '%U %G %a %n' /etc/settlement-bridge /var/lib/settlement-bridge").splitlines()
    assert told == [
        "root settlement-bridge 750 /etc/settlement-bridge",
        "settlement-bridge settlement-bridge 700 /var/lib/settlement-bridge",
    ]


def test_the_example_needs_keys_and_a_folder_only(machine: Machine) -> None:
    said = machine.attempt("""
        cd /etc/settlement-bridge
        cp /usr/share/settlement-bridge/config.example.toml config.toml
        for name in client_secret subscription_key; do (umask 077; echo secret >$name); done
        settlement-bridge status
    """)
    assert said.returncode == 0, said.stderr
    assert machine.exists("/var/lib/settlement-bridge/state.db")
    machine.run("rm -r /etc/settlement-bridge/* /var/lib/settlement-bridge/*")


def test_the_units_can_be_loaded(machine: Machine) -> None:
    found = machine.run("find /usr/lib/systemd/system -type f -name 'settlement-bridge*' -printf '%f\n'")
    units = found.split()
    assert set(units) == {path.name for path in (ROOT / "packaging" / "systemd").iterdir()}
    machine.run(f"SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no {' '.join(units)}")
    loaded = machine.run("systemd-analyze cat-config systemd/system/settlement-bridge.service")
    assert "DynamicUser=no" in loaded


def test_fail2ban_finds_its_filter(machine: Machine) -> None:
    require(shutil.which("fail2ban-regex"), "fail2ban is not installed: its filter cannot be tried")
    line = "2026-07-01 12:00:00,000 WARNING settlement_bridge.sftp_server: failed login from 192.0.2.7 port 51000: none"
    assert machine.run(f"fail2ban-regex -o ip '{line}' settlement-bridge").split() == ["192.0.2.7"]


SYSTEMCTL = """#!/bin/sh
echo "$*" >>/root/systemctl
case "$1" in is-active) grep -qx "$3" /root/running ;; esac
"""
"""In the place of systemctl, where nobody is the init of the machine: writes down what it is asked for."""


def test_an_upgrade_starts_again_what_ran_and_what_starts_it_first(deb: Path, tmp_path: Path) -> None:
    with machine_at(tmp_path) as machine:
        install(machine, deb)
        machine.run(
            f"mkdir -p /run/systemd/system; echo '{SYSTEMCTL}' >/usr/sbin/systemctl; chmod +x /usr/sbin/systemctl"
        )
        starters = ["settlement-bridge.socket", "settlement-bridge-sync.timer"]
        services = ["settlement-bridge.service", "settlement-bridge-sync.service"]
        for running in ([], services[:1], [starters[0], services[0]], starters[1:]):
            machine.run(f"echo '{chr(10).join(running)}' >/root/running; rm -f /root/systemctl")
            install(machine, deb)
            asked = [line.split() for line in machine.run("cat /root/systemctl").splitlines()]
            assert [unit for verb, *units in asked if verb == "stop" for unit in units] == [*starters, *services]
            assert [unit for verb, *units in asked if verb == "start" for unit in units] == running
        machine.run("rm /root/systemctl; dpkg --remove settlement-bridge")
        disabled = next(line for line in machine.run("cat /root/systemctl").splitlines() if line.startswith("disable"))
        assert {"settlement-bridge.socket", "settlement-bridge.service", "settlement-bridge-sync.timer"} < set(
            disabled.split()
        )


def test_the_manual_and_the_tab_key_know_every_command(machine: Machine) -> None:
    page = gzip.decompress((machine.changes / "usr/share/man/man1/settlement-bridge.1.gz").read_bytes()).decode()
    for name in COMMANDS:
        assert f".SS settlement\\-bridge {name.replace('-', chr(92) + '-')} " in page
    for path in ("bash-completion/completions/settlement-bridge", "zsh/vendor-completions/_settlement-bridge"):
        assert machine.exists(f"/usr/share/{path}")
    bash = "COMP_WORDS=(settlement-bridge sy) COMP_CWORD=1; _settlement_bridge_completion settlement-bridge"
    completed = machine.run(
        "complete -p >/dev/null; . /usr/share/bash-completion/completions/settlement-bridge; "
        f'{bash}; echo "${{COMPREPLY[*]}}"'
    )
    assert completed.split() == ["sync"]
    zsh = (machine.changes / "usr/share/zsh/vendor-completions/_settlement-bridge").read_text(encoding="utf-8")
    assert zsh.startswith("#compdef settlement-bridge\n")


def test_installed_upgraded_removed_and_purged(deb: Path, tmp_path: Path) -> None:
    with machine_at(tmp_path) as machine:
        install(machine, deb)
        machine.run("""
            touch /var/lib/settlement-bridge/state.db
            echo '[store]' >/etc/settlement-bridge/config.toml
        """)
        install(machine, deb)
        machine.run("cp /var/lib/dpkg/info/settlement-bridge.postrm /root/postrm; dpkg --remove settlement-bridge")
        assert not machine.exists("/usr/bin/settlement-bridge")
        assert machine.exists("/etc/settlement-bridge/config.toml")
        assert machine.exists("/var/lib/settlement-bridge/state.db")
        done = machine.attempt("dpkg --purge settlement-bridge")
        assert "/var/lib/settlement-bridge knows what was published and is kept" in done.stderr
        assert set(machine.run(OURS).split()) == LEFT_BEHIND

        machine.run("rm -r /var/lib/settlement-bridge/*; /root/postrm purge")
        assert machine.run(OURS) == ""
        assert machine.attempt("getent passwd settlement-bridge").returncode == 2


OURS = "find /etc /usr /var /opt /run -xdev -path '*settlement[-_]bridge*'"
