"""Whether a name and an ID number belong together, by Alibaba Cloud's Id2MetaVerify (身份二要素核验)."""

from __future__ import annotations

from config.settings import PersonCheck
from domain.clock import Clock
from domain.errors import Rejected
from gateways import jsons
from gateways.alibaba.api import AlibabaApi, Credentials, Product
from gateways.http import Effect, Vendor
from services.ports import PersonMatch

PERSONS = Product("2019-03-07", "200", away=frozenset({"402", "403", "500"}), operator=frozenset({"410", "411", "412"}))
"""402: the authority's own register is away; 403: asked too often; 410 to 412: not ordered, not granted, not paid."""

TIMEOUT = 5.0
"""Seconds for a call: somebody waits before a form."""
_ACTION = "Id2MetaVerify"
_NOT_ASKED_ABOUT = "401"
"""Name or number go against the register's own rules (foreign names, rare characters)."""
_NOTHING_SAID = ("400", "MissingParameter", "MissingUserName", "MissingIdentifyNum")
_MATCHES: dict[str, PersonMatch] = {"1": "match", "2": "differs", "3": "no_record"}


class AlibabaPersons:
    """Implements the port PersonRegister. Name and number travel in the body, and stand in no log and no error."""

    def __init__(self, settings: PersonCheck, vendor: Vendor, clock: Clock) -> None:
        credentials = Credentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock, PERSONS)

    async def compare(self, name: str, id_number: str) -> PersonMatch:
        form = {"ParamType": "normal", "UserName": name, "IdentifyNum": id_number}
        try:
            data = await self._api.call(_ACTION, {}, Effect.READ, form=form)
        except Rejected as error:
            if error.vendor_code == _NOT_ASKED_ABOUT:
                return "no_record"
            raise
        found = _MATCHES.get(jsons.text(jsons.mapping(data, "ResultObject"), "BizCode"))
        if found is None:
            raise self._api.lie(Effect.READ, _ACTION, "a result")
        return found

    async def probe(self) -> None:
        """Ask about nobody, which is refused and costs nothing; raises what keeps us from asking about somebody."""
        try:
            await self._api.call(_ACTION, {}, Effect.READ, form={"ParamType": "normal"})
        except Rejected as error:
            if error.vendor_code not in (*_NOTHING_SAID, _NOT_ASKED_ABOUT):
                raise
