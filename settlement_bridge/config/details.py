"""The keys of what files say and the Report API does not: organizations, sales units, issuer, and registers to ask."""

from typing import Annotated

from pydantic import AfterValidator, Field

from settlement_bridge.config.section import SHOWN, Section
from settlement_bridge.config.values import BaseUrl, between
from settlement_bridge.model import Issuer

_ISSUER = Issuer()


class Organization(Section):
    """What the Report API does not know of an organization; empty in the files where left out."""

    name: str = Field(default="", description="Name of the organization.", examples=["Blodsmak Sportsklubb"])
    address: str = Field(default="", description="Street and number.", examples=["Kastellhagen 2"])
    zip_code: str = Field(default="", description="Postal code.", examples=["1176"])
    city: str = Field(default="", description="City.", examples=["OSLO"])
    country_code: str = Field(default="", description="Country, as three letters.", examples=["NOR"])


class SalesUnitSettings(Section):
    """What is known of one sales unit."""

    name: str = Field(
        description="Name of the sales unit; wins over the name the API gives (v1 gives none).",
        examples=["Blodsmak Sportsklubb"],
    )


class IssuerDetails(Section):
    """Who the files say they come from."""

    name: str = Field(default=_ISSUER.name, description="Name of the issuer.")
    web_site: str = Field(default=_ISSUER.web_site, description="Web site of the issuer.")
    visiting_address: str = Field(default=_ISSUER.visiting_address, description="Street and number of the issuer.")
    post_box: str = Field(default=_ISSUER.post_box, description="Post box of the issuer.")
    post_address: str = Field(default=_ISSUER.post_address, description="Postal code and city of the issuer.")
    country: str = Field(default=_ISSUER.country, description="Country of the issuer.")
    organization_number: str = Field(
        default=_ISSUER.organization_number, description="Organization number of the issuer (csv in sections)."
    )

    def as_issuer(self) -> Issuer:
        """Return the same as the model's own value."""
        return Issuer(**self.model_dump())


class Registers(Section):
    """Public registers of organizations."""

    lookup: bool = Field(
        default=False,
        description="Whether to ask them for the name and address of Norwegian and Finnish organizations that have no "
        "[organizations.<number>] of their own. Answers are kept for 30 days; files never wait for a register that "
        "is down.",
        json_schema_extra={**SHOWN},
    )
    norway: BaseUrl = Field(
        default="https://data.brreg.no/enhetsregisteret/api", description="Address of Norway's Enhetsregisteret."
    )
    finland: BaseUrl = Field(
        default="https://avoindata.prh.fi/opendata-ytj-api/v3", description="Address of Finland's YTJ, kept by PRH."
    )
    timeout: Annotated[float, AfterValidator(between(0.1, 30, "a number of seconds"))] = Field(
        default=3.0, description="Seconds to wait for an answer before a file goes without."
    )
