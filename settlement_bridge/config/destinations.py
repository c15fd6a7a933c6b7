"""The places files are published to, each kind with its keys."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from settlement_bridge.config.section import SHOWN, Section
from settlement_bridge.config.values import (
    AccountName,
    FileMode,
    FilePath,
    HostName,
    LocalPath,
    PrivateFile,
    RemotePath,
    Seconds,
    UserName,
    between,
    expected,
    filled,
)

Format = Literal["xml", "xml.zip", "csv", "xlsx", "pdf", "camt.053.xml"]
"""The formats that can be published, by their extension."""

# Fields that every place where files are published has in common.
XML_VERSION: Any = Field(
    default="3.0",
    description='Version of xml: "3.0", or "2.0" for jobs that still read SettlementReport 2.0; xml.zip is always 3.0.',
)
CSV_LAYOUT: Any = Field(
    default="sections",
    description='Layout of csv: "sections" (settlements first, then their transactions, each line named by its '
    'first cell) or "table" (one line a transaction, columns as in xlsx).',
)
ON_CONFLICT: Any = Field(
    default="refuse",
    description="When another ledger's file already has the path (sales units that moved): "
    '"refuse" the later payout, or put its ledger id into its name ("suffix").',
)


class Publishing(Section):
    """What all kinds of destinations have in common."""

    kind: str = Field(description="What it is.")
    formats: Annotated[tuple[Format, ...], AfterValidator(filled)] = Field(
        default=("xml",), description="Formats to publish here.", json_schema_extra={**SHOWN}
    )
    xml_version: Literal["3.0", "2.0"] = XML_VERSION
    csv_layout: Literal["sections", "table"] = CSV_LAYOUT
    on_conflict: Literal["refuse", "suffix"] = ON_CONFLICT


class LocalDestination(Publishing):
    """A folder of this machine."""

    kind: Literal["local"] = Field(description='What it is: "local" is a folder of this machine.', examples=["local"])
    path: LocalPath = Field(
        description="Folder to publish into; files appear under <path>/settlements/inbox/<format>/<orgno>/<msn>/.",
        examples=["/srv/settlements"],
    )
    mode: FileMode = Field(default="0640", description="Permissions of published files, octal and in quotes.")
    owner: AccountName | None = Field(
        default=None,
        description="User that published files belong to; needs the right to give files away.",
        examples=["import"],
    )
    group: AccountName | None = Field(
        default=None, description="Group that published files belong to.", examples=["import"]
    )

    @property
    def permissions(self) -> int:
        """The mode as a number."""
        return int(self.mode, 8)

    @property
    def place(self) -> str:
        """What tells it from other destinations."""
        return str(self.path)


class SftpDestination(Publishing):
    """A folder on an SFTP server."""

    kind: Literal["sftp"] = Field(description='What it is: "sftp" is a folder on an SFTP server.', examples=["sftp"])
    host: HostName = Field(description="Name or address of the server.", examples=["sftp.example.com"])
    port: Annotated[int, AfterValidator(between(1, 65535, "a port"))] = Field(
        default=22, description="Port of the server."
    )
    username: UserName = Field(description="User to log in as, by public key.", examples=["settlements"])
    private_key: PrivateFile | None = Field(
        default=None,
        description="File with the user's private key, readable by its owner only and without a passphrase; the SSH "
        "agent is asked where left out.",
        examples=["id_ed25519"],
    )
    known_hosts: LocalPath = Field(
        description="File of known host keys, as OpenSSH writes it. A server whose key is not in it gets nothing; "
        "settlement-bridge check then shows the key and the command that accepts it.",
        examples=["known_hosts"],
    )
    path: RemotePath = Field(
        default=PurePosixPath(),
        description="Folder on the server, which must exist; the one that a login leads to where left out.",
        examples=["/upload"],
    )
    file_path: FilePath = Field(
        default="settlements/inbox/{extension}/{organization_number}/{msn}/{name}",
        description="Where files go below path; folders are made as needed. It ends in {name}.",
    )
    spool: LocalPath | None = Field(
        default=None,
        description="Folder of this machine where files are written before they are sent; one of this user's own among "
        "the temporary files where left out.",
        examples=["spool"],
    )
    connect_timeout: Seconds = Field(default=10.0, description="Seconds to wait for each step of a login.")
    timeout: Seconds = Field(default=60.0, description="Seconds to wait for each answer of the server.")

    @property
    def place(self) -> str:
        """What tells it from other destinations."""
        return f"{self.username}@{self.host}:{self.port}:{self.path}"


Destination = Annotated[LocalDestination | SftpDestination, Field(discriminator="kind")]


def one_file_a_path(destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
    """Check that no two destinations are given the same format at the same place."""
    taken: set[tuple[str, str]] = set()
    for pair in _places(destinations):
        if pair in taken:
            raise expected(f"destinations of different paths or formats: {pair[1]} goes to {pair[0]} twice")
        taken.add(pair)
    return destinations


def _places(destinations: tuple[Destination, ...]) -> Iterator[tuple[str, str]]:
    return ((destination.place, name) for destination in destinations for name in destination.formats)
