"""Identity verification (Id2MetaVerify of the product cloudauth): whether a name and an ID number belong together.

Who owns a phone owns its ID number. An unowned number belongs to the first person asked about with it, until the
sandbox ends: so anyone can register, and a second name with the same number is refused. The register has
no record of numbers whose serial (digits 15 to 17) is 000.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping

from sandbox.alibaba.rpc import Dialect, Rpc, RpcRefusal
from sandbox.jsons import Json
from sandbox.world import World

DIALECT = Dialect("2019-03-07", ("200", "success"), ("403", "异常重复调用"))
KEPT = 50_000
_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_MATCH, _DIFFERS, _NO_RECORD = "1", "2", "3"


class IdentityVerificationCenter:
    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: OrderedDict[str, str] = OrderedDict()
        """Names of persons without a phone, by ID number."""
        self.rpc = Rpc(world, "persons", world.config.persons, {"Id2MetaVerify": self.verify}, DIALECT)

    def verify(self, parameters: Mapping[str, str]) -> Json:
        name, number = parameters.get("UserName", ""), parameters.get("IdentifyNum", "")
        if not (name and number and parameters.get("ParamType")):
            raise RpcRefusal("400", "参数不能为空")
        if parameters["ParamType"] != "normal" or not _NUMBER.fullmatch(number):
            # The gateway itself answers these, with an HTTP status.
            raise RpcRefusal("401", "参数非法(identifyNum)", 400)
        if self._world.faults.strikes("persons", "register_away"):
            raise RpcRefusal("402", "权威源服务异常")
        return {"ResultObject": {"BizCode": self._compare(name, number)}}

    def _compare(self, name: str, number: str) -> str:
        if number[14:17] == "000" or self._world.faults.strikes("persons", "no_record"):
            return _NO_RECORD
        owner = next((phone.name for phone in self._world.phones.values() if phone.id_number == number), "")
        if not owner:
            owner = self._owners.setdefault(number, name)
            while len(self._owners) > KEPT:
                self._owners.popitem(last=False)
        return _MATCH if name == owner else _DIFFERS
