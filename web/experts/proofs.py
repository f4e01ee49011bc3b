"""``/h5/{pool}/proofs``: the expert's number in the record of a draw, and the proof that it is his (抽取凭证).

The proof is opened by a tap, since each opening is logged, and is not stored here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from domain.errors import NotFound
from services.draws import OwnLeaf
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE

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


class ProofPages(PersonPages):
    form_name = "proofs"
    on_page = ON_PAGE | {403, 404}

    @page("/h5/{pool}/proofs", "experts/proofs.html")
    async def proofs(self, visit: Visit) -> Mapping[str, object]:
        return {"leaves": await self.services.draws.public_records.own_leaves(visit.actor), "proof": None}

    @proofs.command()
    async def show_proof(self, visit: Visit) -> Mapping[str, object]:
        return {"proof": (await self._open(visit))[1]}

    @proofs.command(name="file")
    async def download(self, visit: Visit) -> http.Response:
        """The proof as a text file."""
        leaf, proof = await self._open(visit)
        headers = {"Content-Disposition": f'attachment; filename="proof-{leaf.number}.txt"'}
        return http.Response(text=proof.text, content_type="text/plain", headers=headers)

    async def _open(self, visit: Visit) -> tuple[OwnLeaf, RecordProof]:
        leaf = await self._get_own_leaf(visit)
        records = self.services.draws.public_records
        salt, expert = await records.open_leaf(visit.actor, leaf.draw_id, leaf.leaf)
        record = f"{self.services.deps.public_url}/record/{visit.actor.pool}/{leaf.number}"
        text = _FILE.format(number=leaf.number, leaf=leaf.leaf, salt=salt, expert=expert, record=record)
        return leaf, RecordProof(str(leaf.id), salt, expert, text)

    async def _get_own_leaf(self, visit: Visit) -> OwnLeaf:
        """Raises NotFound for another expert's."""
        wanted = visit.row_id("这张抽取凭证")
        for leaf in await self.services.draws.public_records.own_leaves(visit.actor):
            if leaf.id == wanted:
                return leaf
        raise NotFound("找不到这张抽取凭证，请返回列表后刷新。")
