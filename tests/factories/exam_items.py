"""Items of the bank, and examinations that have papers of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.exams.items import ItemData, ItemKind, mask_of, tidy_item
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem, ExamItemVersion
from services.core.base import Actor, Deps, transaction
from services.exams.bank.item_rows import NewItem, write_items
from tests.factories.people import make_account


def single(stem: str = "评标委员会成员人数为（ ）。", *, chapter: str = "评标委员会", difficulty: int = 2) -> ItemData:
    options = ("三人以上单数", "五人以上单数", "七人以上单数", "由招标人决定")
    data = ItemData(ItemKind.SINGLE, stem, options, mask_of("B"), chapter=chapter, difficulty=difficulty)
    return tidy_item(data)


def multiple(stem: str = "应当回避的有（ ）。", *, chapter: str = "回避") -> ItemData:
    options = ("投标人的近亲属", "行政监督部门的人员", "同乡", "有经济利益关系的人")
    return tidy_item(
        ItemData(ItemKind.MULTIPLE, stem, options, mask_of("ABD"), chapter=chapter, explanation="见第十二条。")
    )


def judged(stem: str = "评标委员会可以由四人组成。", *, right: bool = False, chapter: str = "评标委员会") -> ItemData:
    return tidy_item(ItemData(ItemKind.TRUE_FALSE, stem, key=1 if right else 2, chapter=chapter))


def case(stem: str = "某依法必须招标的项目，评标委员会由六人组成。") -> ItemData:
    return tidy_item(ItemData(ItemKind.CASE, stem, chapter="案例"))


async def make_items(deps: Deps, *items: ItemData, pool: str = "demo") -> list[UUID]:
    made = [NewItem(item) for item in items]
    async with transaction():
        await write_items(Actor(pool, "system"), made, deps.now())
    return [item.id for item in made]


async def make_exam(deps: Deps, *items: UUID, state: str = "published", pool: str = "demo") -> ExamAttempt:
    """An examination with one candidate, whose paper has the current versions of these items."""
    now = deps.now()
    exam = await Exam.create(
        pool=pool,
        name="入库考试",
        purpose="entry",
        state=state,
        opens_at=now,
        closes_at=now + timedelta(days=1),
        created_at=now,
        published_at=now if state in ("published", "closed") else None,
        closed_at=now if state == "closed" else None,
    )
    account = await make_account(deps, pool=pool)
    candidate = await ExamCandidate.create(exam_id=exam.id, account_id=account.id, called_at=now)
    items_by_id = {item.id: item for item in await ExamItem.filter(id__in=items)}
    versions = [
        (await ExamItemVersion.get(item_id=item_id, number=items_by_id[item_id].version)).id for item_id in items
    ]
    return await ExamAttempt.create(
        exam_id=exam.id,
        candidate_id=candidate.id,
        number=1,
        versions=versions,
        orders=[0] * len(versions),
        marks=[10] * len(versions),
        made_at=now,
    )
