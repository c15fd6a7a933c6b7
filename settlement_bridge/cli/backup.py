"""`settlement-bridge backup`: the database in a file to be kept elsewhere."""

from pathlib import Path

import click

from settlement_bridge.cli.copy_progress import copy_progress, say_copied
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def command(config: Path | None, file: Path, as_json: bool) -> int:
    """Copy the database into FILE, a new SQLite database, whatever kind the configured one is.

    The copy is of one moment in which nobody works: a run that is under way is not waited for (75). It is read back and
    compared before FILE appears; FILE is readable by its owner only. It never replaces a file.

    To restore, let [store] url name FILE, or move it into another database with migrate-store. Nothing is published
    twice that had been published when the copy was made; see docs/operations.md.

    Changes nothing in the database. Prints what was copied, table by table.

    \b
    Exit codes:
      0   FILE holds the whole database
      1   FILE exists, or cannot be written
      75  a run is at work, or the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge backup /var/backups/settlement-bridge.db
      settlement-bridge backup "/mnt/backup/state-$(date +%F).db"
    """
    with opened(config) as bridge, copy_progress() as shown:
        sums = bridge.back_up(file, shown)
    return say_copied(sums, str(file), as_json)
