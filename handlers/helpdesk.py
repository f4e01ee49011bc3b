"""Guide, questions people ask in their own words, and feedback to the office."""

from __future__ import annotations

import re

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.errors import InvalidInput
from handlers import commands, texts, wording
from services.core.base import Actor
from services.notifications import FEEDBACK_MAX

_GUIDE_BYTES = 1600
"""Bytes of the bubble's 2048 for the guide with the contacts below it: choices must still fit."""
_EMOTION = re.compile(r"\[[^\[\]\s]{1,8}\]")
"""WeChat's own emotions arrive as words in brackets: [微笑]."""
_REGIONS_BYTES = 600
"""Bytes of these for the contacts of each region."""
_SHOWN_BYTES = 900
"""Bytes of a sentence that is read back before it is passed on."""

_PASSING_ON = "转交意见"
PASS_ON = "把这句话转给专家库管理机构？\n“{text}”"
PASS_ON_YES = "发送"
PASS_ON_AGAIN = "重新写"
PASS_ON_NO = "不用了"
NOT_PASSED_ON = "没有转交。需要时请回复“意见反馈”。"


def register(router: Router) -> None:
    router.keyword(guide, commands.GUIDE, "指南", "怎么办理", "流程", "办理流程")
    router.menu("GUIDE", guide)
    router.keyword(show_records_page, commands.RECORDS, "抽取记录", "核对", "核对记录", "公开核对")
    router.remember(give_feedback)
    router.remember(pass_on_feedback)
    router.keyword(begin_feedback, commands.FEEDBACK, "反馈", "建议", "意见", _PASSING_ON)
    router.menu("FEEDBACK", begin_feedback)


async def guide(turn: Turn) -> str:
    rules = turn.services.deps.book(turn.user.pool).help
    link = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/help"
    regions = await regions_text(turn)
    contacts = [*rules.hotlines, *([texts.HOURS.format(hours=rules.hours)] if rules.hours else [])]
    below = "\n".join([*contacts, *([regions] if regions else [])])
    guide_text = shorten(rules.guide, _GUIDE_BYTES - len(below.encode()))
    return "\n".join(
        [
            guide_text,
            below,
            texts.GUIDE_MORE.format(link=link),
            commands.tap_lines(commands.MATERIALS, commands.RECORDS, commands.FEEDBACK, commands.HELP),
        ]
    )


async def regions_text(turn: Turn) -> str:
    """Contacts of each region, as many as the bubble holds; empty without any."""
    contacts = await turn.services.applications.to_dos.advice(turn.user.pool)
    shown_lines: list[str] = []
    for line in (wording.plain_text(f"{contact.region}：{contact.line}") for contact in contacts):
        if len("\n".join([*shown_lines, line]).encode()) > _REGIONS_BYTES:
            shown_lines.append(texts.GUIDE_ALL_REGIONS)
            break
        shown_lines.append(line)
    return texts.GUIDE_REGIONS.format(lines="\n".join(shown_lines)) if shown_lines else ""


async def show_records_page(turn: Turn) -> str:
    """For anyone, bound or not: the page that finds and verifies the record of a finished draw by its number."""
    link = f"{turn.services.deps.public_url}/record"
    return f"{texts.RECORDS.format(link=link)}\n{commands.tap_lines(commands.GUIDE, commands.HELP)}"


def find_answer(turn: Turn) -> str | None:
    """The answer of the rulebook's question whose words the message contains; None without one."""
    questions = turn.services.notifications.helpdesk_queries.search(
        turn.user.pool, turn.message.get("Content"), limit=1
    )
    if not questions:
        return None
    return f"{questions[0].question}\n{questions[0].answer}\n{commands.tap_lines(commands.GUIDE, commands.HELP)}"


async def begin_feedback(turn: Turn) -> Answer:
    """Raises RuleViolation where the pool takes no feedback, before anything is written in vain."""
    turn.services.notifications.helpdesk.check_open(turn.user.pool)
    if not turn.user.bound:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    return give_feedback.start()


@conversation(commands.FEEDBACK)
async def give_feedback(talk: Talk) -> None:
    text = await talk.ask(_question(), parse=feedback_text)
    me = Actor(talk.user.pool, "guest", talk.user.account_id)
    receipt = await talk.once(talk.services.notifications.helpdesk.write, me, text)
    await talk.say(texts.FEEDBACK_TAKEN, number=receipt.number, days=receipt.days)


@conversation(_PASSING_ON)
async def pass_on_feedback(talk: Talk, sentence: str) -> None:
    """Begun by what the model understood, so that what is typed next is read back, too. ``sentence`` as of
    ``feedback_text``; empty: it only announces feedback."""
    text = sentence or await talk.ask(_question(), parse=feedback_text)
    while True:
        question = PASS_ON.format(text=shorten(wording.plain_text(text), _SHOWN_BYTES))
        options = {PASS_ON_YES: "send", PASS_ON_AGAIN: "again", PASS_ON_NO: "stop"}
        choice = await talk.choose(question, options, plain=("send", "stop"))
        if choice == "stop":
            await talk.say(NOT_PASSED_ON)
            return
        if choice == "send":
            break
        text = await talk.ask(_question(), parse=feedback_text)
    me = Actor(talk.user.pool, "guest", talk.user.account_id)
    receipt = await talk.once(talk.services.notifications.helpdesk.write, me, text)
    await talk.say(texts.FEEDBACK_TAKEN, number=receipt.number, days=receipt.days)


def _question() -> str:
    """With the ways to a complaint and to what was written before."""
    return f"{texts.ASK_FEEDBACK}\n{commands.tap_lines(commands.COMPLAINT, commands.MY_FEEDBACK)}"


def feedback_text(text: str) -> str:
    feedback = text.strip()
    words = _EMOTION.sub("", feedback)
    if not 5 <= len(words) <= FEEDBACK_MAX or not any(map(str.isalnum, words)):
        raise InvalidInput(texts.FEEDBACK_FORM.format(longest=FEEDBACK_MAX), code="bad_feedback")
    return feedback
