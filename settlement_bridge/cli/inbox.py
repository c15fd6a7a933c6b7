"""`settlement-bridge inbox`: what an import job has still to fetch."""

from collections.abc import Sequence
from pathlib import Path

import click

from settlement_bridge.bridge import Document
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import complain, count, json_option, local_time, say, say_json
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED


@click.command("inbox")
@click.argument("user")
@click.option(
    "--restore",
    "pattern",
    metavar="PATTERN",
    help="Put these files back from the archive into the inbox: a name with wildcards, such as '16655-20000*.xml', or "
    "a path below the archive, such as 'xml/998724341/16655/*'.",
)
@json_option
@click.pass_obj
def command(config: Path | None, user: str, pattern: str | None, as_json: bool) -> int:
    """Show what USER has still to fetch from the SFTP server, or put files back.

    A file that was fetched is in the archive. Where the import failed after the download, --restore puts it back into
    the inbox, and the next run of the import job fetches it again.

    Changes nothing but, with --restore, what the store says of the user's inbox. Prints a line for each file in the
    inbox, or for each file that was put back.

    \b
    Exit codes:
      0   done
      1   no such user, or no file in the archive matches
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge inbox "linux hjemme - stor PC"
      settlement-bridge inbox import --restore '16655-2000050.xml'
    """
    with opened(config) as bridge:
        if pattern is None:
            found = bridge.inbox(user)
            if as_json:
                say_json({"inbox": _plain(found.inbox), "archive": _plain(found.archive)})
            else:
                _show(found.inbox)
                say(f"{count(len(found.inbox), 'file')} in the inbox, {len(found.archive):,} in the archive")
            return EXIT_DONE
        restored = bridge.restore(user, pattern)
    if as_json:
        say_json({"restored": _plain(restored)})
    else:
        _show(restored)
    if restored:
        return EXIT_DONE
    complain(f'nothing put back: no file in the archive of "{user}" matches {pattern!r}')
    return EXIT_FAILED


def _plain(documents: Sequence[Document]) -> list[json_of.Data]:
    return [json_of.document(one) for one in documents]


def _show(documents: Sequence[Document]) -> None:
    for one in documents:
        say(f"{'/'.join(one.place):<60} {one.size:>12,}  {local_time(one.published_at)}")
