"""`settlement-bridge migrate-store`: another database takes the place of the one in use."""

import os
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from settlement_bridge.cli.copy_progress import copy_progress, say_copied
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say
from settlement_bridge.config import find, store_url


@click.command("migrate-store")
@click.option("--to", "target", metavar="URL", required=True, help="Address of an empty database, as [store] url.")
@click.option("--trial", is_flag=True, help="Copy and compare, but go on with the database in use.")
@json_option
@click.pass_obj
def command(config: Path | None, target: str, trial: bool, as_json: bool) -> int:
    """Move the database to another one: from SQLite to PostgreSQL, back, or to another place.

    Every table is copied as it is in one moment in which nobody works, with the numbers given out so far, then read
    back and compared. It is all or nothing: until that is done the new database looks empty. The old one stays as it
    was, but for a note of where it has gone: no run works in it any more, lest files be published twice.

    A relative SQLite path begins at the configuration's folder, as in [store] url. Where PostgreSQL wants a password,
    leave it out of URL and keep it in ~/.pgpass or $PGPASSWORD: others on this machine can see a command's words.

    Changes the new database and that note. Prints what was copied, table by table, and what to configure.

    \b
    Exit codes:
      0   the new database has everything; set [store] url to it
      1   the new database is not empty, or what was read back differs
      75  a run is at work, or a database cannot be reached: try again later
      78  an address or the configuration has to be corrected, or the store was moved before

    \b
    Examples:
      settlement-bridge migrate-store --to postgresql://bridge@db.example.com/settlements --trial
      settlement-bridge migrate-store --to sqlite:///state-2.db
    """
    there = store_url(target, find(config, os.environ).parent)
    with opened(config) as bridge, copy_progress() as shown:
        sums = bridge.migrate_store(there, shown, trial=trial)
    place = make_url(there).render_as_string(hide_password=True)
    exit_code = say_copied(sums, place, as_json)
    if not as_json and not trial:
        say(f'Now set [store] url = "{place}"')
    return exit_code
