"""The operator of a draw (经办人): the last one is remembered, so that an ID number is typed only once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from domain.errors import InvalidInput
from domain.masking import mask_id_number
from domain.parsing import id_number
from domain.person_names import is_same_name, name_key, spell_name
from models.accounts import Account
from models.draws import Draw
from services.core import permissions
from services.core.base import Actor, Deps, rows
from services.core.crypto import PHONE
from services.draws.setup.forms import DrawForm
from services.draws.views import DrawView

_ID = "id_number"
_LAST = """
SELECT d.id FROM draw d WHERE d.pool = $1 AND d.organisation_id = $2 AND ($3::uuid IS NULL OR d.agent_id = $3)
 AND d.operator_id_sealed <> '' AND ($4 = '' OR person_key(d.operator_name) = $4)
 ORDER BY d.created_at DESC, d.id LIMIT 1
"""


@dataclass(frozen=True)
class Operator:
    """``masked_id`` is empty without a known ID number."""

    name: str
    phone: str
    masked_id: str


@dataclass(frozen=True)
class Operators:
    deps: Deps

    async def remembered_operator(self, actor: Actor) -> Operator:
        """The operator of the last draw that this person set up; for the first one the person himself."""
        permissions.check(actor, "draw.create")
        if draw := await self._find_last_draw(actor, actor.account_id):
            return self.operator_of(draw)
        account = await Account.get(id=actor.account_id)
        keys = self.deps.keys
        number = keys.open_text(account.id_number_sealed, _ID) if account.id_number_sealed else ""
        return Operator(
            account.real_name, keys.open_text(account.mobile_sealed, "mobile"), mask_id_number(number) if number else ""
        )

    async def complete(self, actor: Actor, form: DrawForm, draw: Draw | None = None) -> DrawForm:
        """Add the operator's known ID number where none was typed: that of the ``draw`` being changed, while the name
        stays. Raises InvalidInput."""
        name = spell_name(form.operator_name)
        if not form.operator_id_number.strip():
            if draw and is_same_name(draw.operator_name, name) and draw.operator_id_sealed:
                return replace(form, operator_id_number=self.deps.keys.read(draw.operator_id_sealed, _ID))
            return replace(form, operator_id_number=await self._known_id(actor, name))
        try:
            return replace(form, operator_id_number=id_number(form.operator_id_number))
        except InvalidInput as error:
            raise InvalidInput(error.message, code=error.code, field="operator_id_number") from error

    async def _known_id(self, actor: Actor, name: str) -> str:
        """From the person's own draws or account; a legal entity uses those of all its agents."""
        if not name:
            return ""
        if draw := await self._find_last_draw(actor, actor.account_id, name):
            return self.deps.keys.read(draw.operator_id_sealed, _ID)
        account = await Account.get(id=actor.account_id)
        if is_same_name(account.real_name, name) and account.id_number_sealed:
            return self.deps.keys.open_text(account.id_number_sealed, _ID)
        draw = await self._find_last_draw(actor, None, name) if actor.role not in permissions.OF_AGENT else None
        return self.deps.keys.read(draw.operator_id_sealed, _ID) if draw else ""

    async def _find_last_draw(self, actor: Actor, agent: UUID | None, name: str = "") -> Draw | None:
        """The newest draw of one agent, or of all; with an operator of this name, if given."""
        draws = await rows(_LAST, actor.pool, actor.organisation_id, agent, name_key(name))
        return await Draw.get(id=draws[0]["id"]) if draws else None

    def operator_of(self, draw: Draw | DrawView) -> Operator:
        """The operator of one draw, for a caller that has checked the permission."""
        keys = self.deps.keys
        number = keys.read(draw.operator_id_sealed, _ID)
        return Operator(
            draw.operator_name, keys.read(draw.operator_phone_sealed, PHONE), mask_id_number(number) if number else ""
        )
