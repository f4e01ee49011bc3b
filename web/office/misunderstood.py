"""What the chat did not understand (没看懂的话), and the sentences that the office has given a meaning (已归入)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.understanding.intents import Intent, Speaker
from domain.understanding.scrubbing import LONGEST
from services.understanding import RECURRING
from web.core.pages import Choice, Listed, Visit, Wanted, list_page
from web.office.base import OfficePart

STATES = ("open", "recurring", "dismissed")
"""``recurring``: open ones that were written more than once, which the first page counts."""
SPEAKERS: Mapping[Speaker, str] = {
    Speaker.ANYONE: "所有人",
    Speaker.APPLICANT: "申请人",
    Speaker.EXPERT: "评标专家",
    Speaker.AGENCY: "代理机构",
    Speaker.STAFF: "工作人员",
    Speaker.GUEST: "未绑定的人",
}
"""Names, in the order of the groups of intents; an intent of several stands in the first."""
_SHOWN = 10
"""Sentences on a page, each with all intents to choose from."""
_SENTENCE = "这句话"


@dataclass(frozen=True)
class _Meaning:
    intent: str


@dataclass(frozen=True)
class _TypedSentence:
    sentence: str
    intent: str


class MisunderstoodPages(OfficePart):
    code = "misunderstood"
    action = "text.manage"

    @list_page("/office/misunderstood", "office/misunderstood.html", size=_SHOWN, state=Choice(STATES, "open"))
    async def misunderstood(self, visit: Visit, wanted: Wanted) -> Listed:
        service = self.services.understanding.misunderstood
        recurring = wanted["state"] == "recurring"
        state, least = ("open", RECURRING) if recurring else (wanted["state"], 1)
        listed = await service.page(visit.actor, state, least=least, **wanted.window)
        return Listed(listed, {"groups": self._groups(), "speaker_names": SPEAKERS})

    @misunderstood.command(_Meaning, "assign", note="已归入，半分钟内各处生效。")
    async def assign(self, visit: Visit, form: _Meaning) -> None:
        editing = self.services.understanding.paraphrase_editing
        await editing.assign(visit.actor, visit.row_id(_SENTENCE), form.intent)

    @misunderstood.command(name="dismiss", note="已忽略，再有人这样写也不再列出。")
    async def dismiss(self, visit: Visit) -> None:
        await self.services.understanding.misunderstood.dismiss(visit.actor, visit.row_id(_SENTENCE))

    @list_page("/office/paraphrases", "office/paraphrases.html")
    async def paraphrases(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.understanding.paraphrase_editing.page(visit.actor, **wanted.window)
        return Listed(listed, {"groups": self._groups(), "longest": LONGEST})

    @paraphrases.command(_TypedSentence, "add", note="已添加，半分钟内各处生效。")
    async def add(self, visit: Visit, form: _TypedSentence) -> None:
        await self.services.understanding.paraphrase_editing.add(visit.actor, form.sentence, form.intent)

    @paraphrases.command(name="undo", note="已撤销，半分钟内各处生效。这句话如果还在，回到待归入。")
    async def undo(self, visit: Visit) -> None:
        await self.services.understanding.paraphrase_editing.undo(visit.actor, visit.row_id(_SENTENCE))

    def _groups(self) -> list[tuple[str, list[Intent]]]:
        return group_intents(self.services.understanding.meanings.list_intents())


def group_intents(intents: Iterable[Intent]) -> list[tuple[str, list[Intent]]]:
    """Intents by name of who may mean them, in the order of their titles."""
    groups: dict[str, list[Intent]] = {name: [] for name in SPEAKERS.values()}
    for intent in sorted(intents, key=lambda each: each.title):
        groups[next(name for speaker, name in SPEAKERS.items() if speaker in intent.who)].append(intent)
    return [(name, members) for name, members in groups.items() if members]
