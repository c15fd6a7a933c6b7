"""What a good file becomes."""

from datetime import date
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pydantic
import pytest
from sqlalchemy.engine import make_url

from settlement_bridge.config import LocalDestination, SftpDestination, load, sources
from settlement_bridge.model import Issuer, SettlementType
from settlement_bridge.publish.sftp import DEFAULT_TEMPLATE
from tests.config.conftest import GOOD, Write, only_problem

FULL = (
    GOOD
    + """
[[destinations]]
kind = "local"
path = "out"
mode = "0604"
owner = "import"
group = "books"
on_conflict = "suffix"

[[destinations]]
kind = "local"
path = "/srv/settlements"

[sync]
ledgers = ["302321"]
sales_units = ["16655", "123456"]
first_payout = 2000010
first_date = 2026-02-01
parallel = 3
time_zone = "Europe/Helsinki"

[issuer]
name = "Somebody"

[organizations.998724341]
name = "Blodsmak Sportsklubb"
country_code = "NOR"

[sales_units.16655]
name = "Kiosken på Ås"

[ledgers.302321]
settlement = "gross"
first_payout = 2000005
"""
)


def test_the_least_there_must_be_is_filled_up_with_defaults(write: Write) -> None:
    configuration = load(write(GOOD), {})
    assert configuration.report_api.base_url == "https://api.vipps.no"
    assert (configuration.report_api.dialect, configuration.report_api.keys) == ("auto", "merchant")
    assert configuration.destinations == ()
    assert configuration.sync.ledgers is None
    assert configuration.sync.parallel == 8
    assert configuration.sync.time_zone == ZoneInfo("Europe/Oslo")
    assert configuration.issuer.as_issuer() == Issuer()


def test_every_section_reaches_the_tree(write: Write) -> None:
    configuration = load(write(FULL), {})
    first, second = configuration.destinations
    assert isinstance(first, LocalDestination)
    assert isinstance(second, LocalDestination)
    assert (first.permissions, first.owner, first.group, first.on_conflict) == (0o604, "import", "books", "suffix")
    assert (second.permissions, second.owner, second.on_conflict) == (0o640, None, "refuse")
    assert second.formats == ("xml",)
    assert configuration.sync.ledgers == ("302321",)
    assert configuration.sync.sales_units == ("16655", "123456")
    assert configuration.sync.first_date == date(2026, 2, 1)
    assert (configuration.sync.first_payout, configuration.sync.parallel) == (2000010, 3)
    assert configuration.sync.time_zone == ZoneInfo("Europe/Helsinki")
    assert configuration.issuer.as_issuer() == Issuer(name="Somebody")
    assert configuration.organizations["998724341"].name == "Blodsmak Sportsklubb"
    assert configuration.organizations["998724341"].city == ""
    assert configuration.sales_units["16655"].name == "Kiosken på Ås"
    assert configuration.ledgers["302321"].settlement is SettlementType.GROSS
    assert configuration.ledgers["302321"].first_payout == 2000005


def test_the_tree_cannot_be_changed(write: Write) -> None:
    configuration = load(write(GOOD), {})
    with pytest.raises(pydantic.ValidationError):
        configuration.sync.parallel = 9


def test_relative_paths_start_at_the_folder_of_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = write(FULL, "etc/config.toml")
    monkeypatch.chdir(elsewhere)
    configuration = load(Path("../etc/config.toml"), {})
    out, absolute = (Path(destination.path) for destination in configuration.destinations)
    assert out.resolve() == file.parent / "out"
    assert absolute == Path("/srv/settlements")


@pytest.mark.parametrize("folder", ["etc", "regnskap å 100%", "a+b #1"])
def test_the_sqlite_file_lies_beside_the_configuration(write: Write, folder: str) -> None:
    file = write(GOOD, f"{folder}/config.toml")
    url = make_url(load(file, {}).store.url.get_secret_value())
    assert url.database == str(file.parent / "state.db")


@pytest.mark.parametrize(
    "url", ["sqlite:////var/lib/bridge/state.db", "postgresql+psycopg://bridge:pw@db.example/books"]
)
def test_other_addresses_are_left_as_they_are(write: Write, url: str) -> None:
    assert load(write(GOOD.replace("sqlite:///state.db", url)), {}).store.url.get_secret_value() == url


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(write: Write) -> None:
    assert load(write("\ufeff" + GOOD.replace("\n", "\r\n")), {}).report_api.client_id == "an-id"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:9"])
def test_this_machine_may_be_asked_without_encryption(write: Write, host: str) -> None:
    file = write(GOOD.replace("[report_api]", f'[report_api]\nbase_url = "http://{host}/"'))
    assert load(file, {}).report_api.base_url == f"http://{host}"


class TestWithoutAPath:
    @pytest.fixture(autouse=True)
    def nothing_of_the_machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setattr(sources, "SYSTEM_FILE", tmp_path / "etc/config.toml")

    def test_the_usual_places_are_tried_in_order(self, write: Write, tmp_path: Path) -> None:
        environ = {"HOME": str(tmp_path / "home")}
        assert "no configuration file found" in only_problem(None, environ)
        for name in ("etc/config.toml", "home/.config/settlement-bridge/config.toml", "here/config.toml", "named.toml"):
            file = write(GOOD.replace("an-id", name.replace("/", "-")), name)
            if name == "named.toml":
                environ["SETTLEMENT_BRIDGE_CONFIG"] = str(file)
            assert load(None, environ).report_api.client_id == name.replace("/", "-")

    def test_where_there_is_none_all_places_and_ways_are_named(self, tmp_path: Path) -> None:
        problem = only_problem(None, {"HOME": "/nowhere"})
        for word in (str(tmp_path / "here/config.toml"), "/nowhere/.config/", "etc/config.toml", "--config"):
            assert word in problem

    def test_a_named_file_that_is_missing_is_not_replaced_by_another(self, write: Write, tmp_path: Path) -> None:
        write(GOOD, "here/config.toml")
        problem = only_problem(None, {"SETTLEMENT_BRIDGE_CONFIG": str(tmp_path / "gone.toml")})
        assert "gone.toml does not exist" in problem


def test_an_sftp_destination_reaches_the_tree(write: Write) -> None:
    text = """
[[destinations]]
kind = "sftp"
host = "sftp.example.com"
username = "linux hjemme - stor PC"
private_key = "id_ed25519"
known_hosts = "known_hosts"
"""
    file = write(GOOD + text)
    (one,) = load(file, {"SETTLEMENT_BRIDGE_DESTINATIONS__0__PORT": "2222"}).destinations
    assert isinstance(one, SftpDestination)
    assert (one.host, one.port, one.username) == ("sftp.example.com", 2222, "linux hjemme - stor PC")
    assert (one.private_key, one.known_hosts) == (file.parent / "id_ed25519", file.parent / "known_hosts")
    assert (one.path, one.spool, one.formats) == (PurePosixPath(), None, ("xml",))
    assert one.file_path == DEFAULT_TEMPLATE
