"""Verifies that a name and an ID number belong together, by Alibaba Cloud's Id2MetaVerify (身份二要素核验)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.settings import IdentityVerificationSettings
from domain.clock import Clock
from domain.errors import Rejected
from gateways.alibaba import errors
from gateways.alibaba.api import AlibabaApi, AlibabaCredentials, Product, SuccessShape
from gateways.http import Effect, Vendor
from gateways.shapes import Shape, Text
from services.ports import IdentityMatch

IDENTITY_VERIFICATION = Product(
    "2019-03-07", errors.IDENTITY_VERIFICATION, fine="200", away=frozenset({"402", "403", "500"})
)
"""402: the authority's register is unavailable; 403: asked too often."""

TIMEOUT = 5.0
"""Seconds for a call: a person waits at a form."""
_ACTION = "Id2MetaVerify"
_NOT_ASKED_ABOUT = "401"
"""The register refuses such names or numbers (foreign names, rare characters)."""
_NOTHING_SAID = ("400", "MissingParameter", "MissingUserName", "MissingIdentifyNum")
_MATCHES: dict[str, IdentityMatch] = {"1": "match", "2": "differs", "3": "no_record"}


class _Result(Shape):
    code: Annotated[Text, Field(pattern="^[123]$")] = Field(alias="BizCode")


class _Compared(Shape):
    result: _Result = Field(alias="ResultObject")


class AlibabaIdentityVerification:
    """Implements the port IdentityVerifier. Name and number travel in the body, and appear in no log and no error."""

    def __init__(self, settings: IdentityVerificationSettings, vendor: Vendor, clock: Clock) -> None:
        credentials = AlibabaCredentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock, IDENTITY_VERIFICATION)

    async def compare(self, name: str, id_number: str) -> IdentityMatch:
        form = {"ParamType": "normal", "UserName": name, "IdentifyNum": id_number}
        try:
            comparison = await self._api.call(_ACTION, {}, Effect.READ, _Compared, form=form)
        except Rejected as error:
            if error.vendor_code == _NOT_ASKED_ABOUT:
                return "no_record"
            raise
        return _MATCHES[comparison.result.code]

    async def probe(self) -> None:
        """Query without name and number, which is refused and free of charge; raises the fault that would prevent real
        queries."""
        try:
            await self._api.call(_ACTION, {}, Effect.READ, SuccessShape, form={"ParamType": "normal"})
        except Rejected as error:
            if error.vendor_code not in (*_NOTHING_SAID, _NOT_ASKED_ABOUT):
                raise
