"""Pictures in items: re-encoded as JPEG, stored encrypted, shown at addresses that expire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from pydantic.dataclasses import dataclass as validated

from domain.errors import InvalidInput, NotFound, Unavailable
from domain.faults import Faults
from models.exams import ExamItemVersion
from services.core.base import Deps
from services.core.short_texts import check_text
from services.core.signed_links import Links
from services.files import LINK_TTL, FileLost, SealedFiles, new_key
from services.inspection.checker import FileChecker

PICTURES_MAX = 4
"""Pictures per item."""
BYTES_MAX = 5_000_000
SIDE = 1600
ALT_MAX = 100
_PURPOSE = "exam_picture"


@validated(frozen=True)
class Picture:
    """``alt`` describes the picture for readers who can't see it."""

    key: str
    media_type: str
    alt: Annotated[str, Field(max_length=ALT_MAX)]


@dataclass(frozen=True)
class ItemPictures:
    deps: Deps
    links: Links
    store: SealedFiles
    checker: FileChecker

    async def store_picture(self, pool: str, content: bytes, alt: str) -> Picture:
        """Check a JPG or PNG, re-encode and store it. Raises InvalidInput, Unavailable."""
        faults = Faults()
        description = faults.check(check_text, alt, "alt", "图片说明", ALT_MAX, required=True)
        with faults.part():
            jpeg = await self._reencode(pool, content)
        faults.raise_any()
        key = new_key(pool, self.deps.now())
        await self.store.put(key, jpeg)
        return Picture(key, "image/jpeg", description)

    async def _reencode(self, pool: str, content: bytes) -> bytes:
        """As JPEG. Raises InvalidInput."""
        if not content:
            raise InvalidInput("请选择图片。", code="file_empty", field="picture")
        if len(content) > BYTES_MAX:
            most = BYTES_MAX // 1_000_000
            raise InvalidInput(f"图片最大{most}MB，请压缩后再上传。", code="file_too_large", field="picture")
        try:
            picture = await self.checker.check(pool, content, ("jpg", "png"))
            return await self.checker.draw(pool, content, picture.kind, SIDE)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="picture") from refusal

    def addresses(self, version_id: UUID, count: int, person: UUID, until: datetime | None = None) -> Sequence[str]:
        """Addresses that show the pictures of a version to any holder, for ten minutes or ``until``."""
        if not count:
            return ()
        token = self.links.sign(_PURPOSE, version_id, person, until or self.deps.now() + LINK_TTL)
        return tuple(f"/h5/exam-picture/{token}/{number}.jpg" for number in range(1, count + 1))

    async def open(self, token: str, number: int) -> bytes:
        """The JPEG. Raises Forbidden for an address that is forged or expired, NotFound, Unavailable."""
        version = await ExamItemVersion.get_or_none(id=self.links.check(token, _PURPOSE).subject_id)
        pictures = version.pictures if version else []
        if not 1 <= number <= len(pictures):
            raise NotFound("没有这张图片，请返回后刷新。", code="picture_unknown")
        try:
            return await self.store.get(pictures[number - 1]["key"])
        except FileLost as error:
            raise Unavailable("图片暂时无法读取，请稍后重试。", code="file_lost") from error
