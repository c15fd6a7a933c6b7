"""The SFTP server that takes the retired one's place, and its users."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from settlement_bridge.config.authorized_keys import AuthorizedKey, AuthorizedKeysFile, KeyFile
from settlement_bridge.config.destinations import CSV_LAYOUT, ON_CONFLICT, XML_VERSION, Format
from settlement_bridge.config.section import SHOWN, Section
from settlement_bridge.config.values import LocalPath, UserName, expected, filled, stated

ALL = "*"
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class ListenAddress:
    """Where a server waits for clients."""

    host: str
    """An IP address."""
    port: int
    """0 for any free one."""


def _listen_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", value)
    try:
        host = str(ipaddress.ip_address(found[1] or found[2])) if found else ""
    except ValueError:
        host = ""
    if not found or not host or int(found[3]) > _LARGEST_PORT:
        raise expected('an IP address and a port, such as "0.0.0.0:2222" or "[::]:2222"')
    return ListenAddress(host, int(found[3]))


def _sales_unit(value: str) -> str:
    if value == ALL or re.fullmatch("[0-9A-Za-z-]+", value):
        return value
    raise expected('the MSN of a sales unit, or "*" for all')


def _all_or_some(values: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in values and len(values) > 1:
        raise expected('["*"] for all sales units, or a list without it')
    return values


class SftpUser(Section):
    """Somebody who logs in."""

    name: UserName = Field(
        description="User name as the old service had it; it may hold spaces.", examples=["linux hjemme - stor PC"]
    )
    authorized_keys: Annotated[tuple[AuthorizedKey, ...], AfterValidator(filled)] | None = Field(
        default=None,
        description="Public keys to log in with, each as in its .pub file: Ed25519, ECDSA, or RSA of 2048 bits and "
        "more. One key may serve several users.",
        examples=[["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlY4inKzfhFwa8w6ZxpjzUswtnZTxQaWSWsNKxC6NoE import"]],
    )
    authorized_keys_file: AuthorizedKeysFile | None = Field(
        default=None,
        validate_default=True,
        description="File of public keys, one a line, besides authorized_keys or instead of them.",
        examples=["import.pub"],
    )
    sales_units: Annotated[
        tuple[Annotated[str, AfterValidator(_sales_unit)], ...], AfterValidator(filled), AfterValidator(_all_or_some)
    ] = Field(description='MSNs of the sales units whose files this user sees; ["*"] for all.', examples=[["16655"]])
    formats: Annotated[tuple[Format, ...], AfterValidator(filled)] = Field(
        default=("xml",), description="Formats that this user sees."
    )
    archive_on_download: bool = Field(
        default=True,
        description="Whether a file that was fetched to its last byte moves from the inbox to the archive by itself.",
    )

    @field_validator("authorized_keys_file")
    @classmethod
    def _has_keys(cls, value: KeyFile | None, info: ValidationInfo) -> KeyFile | None:
        if value is None and info.data.get("authorized_keys", ()) is None:
            raise stated("and authorized_keys are both missing; give the user's public keys in one of them")
        return value

    @property
    def key_blobs(self) -> frozenset[bytes]:
        """The user's public keys, as they travel over the line."""
        from_file = self.authorized_keys_file.keys if self.authorized_keys_file else ()
        return frozenset(key.blob for key in (*(self.authorized_keys or ()), *from_file))

    @property
    def msns(self) -> frozenset[str] | None:
        """The MSNs of the sales units; None for all."""
        return None if self.sales_units == (ALL,) else frozenset(self.sales_units)


def _one_of_a_name(users: Sequence[SftpUser]) -> Sequence[SftpUser]:
    names = [user.name for user in users]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise stated(f'has two users of the name "{twice}"; rename one, or give one of them both keys')
    return users


class SftpServer(Section):
    """The server."""

    listen: Annotated[ListenAddress, BeforeValidator(_listen_address)] = Field(
        default=ListenAddress("0.0.0.0", 2222),  # noqa: S104 - it is there to be reached
        description="Address and port to listen at.",
        examples=["0.0.0.0:2222"],
        json_schema_extra={**SHOWN},
    )
    host_keys: LocalPath | None = Field(
        default=None,
        description="Folder of the server's own keys, made at the first start and kept for ever: clients know the "
        'server by them. The folder "ssh" beside the database where left out.',
        examples=["/var/lib/settlement-bridge/ssh"],
    )
    xml_version: Literal["3.0", "2.0"] = XML_VERSION
    csv_layout: Literal["sections", "table"] = CSV_LAYOUT
    on_conflict: Literal["refuse", "suffix"] = ON_CONFLICT
    users: Annotated[tuple[SftpUser, ...], AfterValidator(_one_of_a_name)] = Field(
        default=(), description="Who may log in, and what they see; one [[sftp_server.users]] each."
    )

    def user(self, name: str) -> SftpUser | None:
        """Return the user of a name."""
        return next((user for user in self.users if user.name == name), None)
