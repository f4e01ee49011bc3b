"""``/h5/{pool}/proofs``: the expert's number in the record of a draw, and the proof that it is his (抽取凭证).

The proof is opened by a tap, since each opening is logged, and is not stored here.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.core.base import Actor
from services.draws import OwnLeaf
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import uuid_of
from web.core.site import ON_PAGE, Site

_FORM = "proofs"
_ON_PAGE = ON_PAGE | {403, 404}
_FILE = """抽取凭证
活动编号：{number}
记录中的编号：{leaf}
随机数：{salt}
专家代号：{expert}

核对：把随机数和专家代号依次连接，按字节计算SHA-256，结果应与记录中的编号相同。
python3 -c "import hashlib; print(hashlib.sha256(bytes.fromhex('{salt}{expert}')).hexdigest())"
活动结束后，抽取记录在 {record} 公布，“编号”一列列出的是前8位。
"""


@dataclass(frozen=True)
class RecordProof:
    """An opened leaf, and the text for the expert to store."""

    id: str
    salt: str
    expert: str
    text: str


class ProofPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._records = services.draws.public_records

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/proofs", self.list)
        self._site.post("/h5/{pool}/proofs", self.open)

    async def list(self, request: http.Request) -> http.Response:
        return await self._page(await self._auth.person(request))

    async def _page(
        self, expert: Actor, proof: RecordProof | None = None, error: AppError | None = None
    ) -> http.Response:
        return self._site.render(
            "experts/proofs.html",
            status=error.status if error else 200,
            pool=expert.pool,
            found=await self._records.own_leaves(expert),
            proof=proof,
            error=error.message if error else "",
            form=self._auth.form(expert, _FORM),
        )

    async def open(self, request: http.Request) -> http.Response:
        """``id`` of an invitation; ``command`` file: the text as a file."""
        expert = await self._auth.person(request)
        fields = await self._auth.fields(request, expert, _FORM)
        try:
            own = await self._own(expert, fields.get("id", ""))
            salt, code = await self._records.open_leaf(expert, own.draw_id, own.leaf)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return await self._page(expert, error=error)
        record = f"{self._services.deps.public_url}/record/{expert.pool}/{own.number}"
        text = _FILE.format(number=own.number, leaf=own.leaf, salt=salt, expert=code, record=record)
        if fields.get("command") == "file":
            headers = {"Content-Disposition": f'attachment; filename="proof-{own.number}.txt"'}
            return http.Response(text=text, content_type="text/plain", headers=headers)
        return await self._page(expert, RecordProof(str(own.id), salt, code, text))

    async def _own(self, expert: Actor, invitation_id: str) -> OwnLeaf:
        wanted = uuid_of(invitation_id, "这张抽取凭证")
        found = [one for one in await self._records.own_leaves(expert) if one.id == wanted]
        if not found:
            raise NotFound("找不到这张抽取凭证，请返回列表后刷新。")
        return found[0]
