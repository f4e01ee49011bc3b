"""Remuneration (酬劳): amounts due for past panels and their status; confirmed by a tap, or objected to."""

from __future__ import annotations

from datetime import datetime

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_time
from domain.errors import InvalidInput
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationState
from handlers import commands, people, texts, wording
from handlers.picking import MOST, PickOption, pick
from services.remuneration import OwnRemuneration

_SHOWN = 5
REASON_LONGEST = 200


def register(router: Router) -> None:
    router.remember(answer)
    router.keyword(
        list_own, commands.REMUNERATION, "我的酬劳", "专家酬劳", "评标酬劳", "确认酬劳", "劳务费", "评审费", "评标费"
    )
    router.menu("REMUNERATION", list_own)


async def list_own(turn: Turn) -> Answer:
    """An amount that waits for an answer is asked about at once; else the status of the newest ones."""
    me = await people.get_expert(turn)
    found = await turn.services.remuneration.answers.list_own(me.actor)
    if not found:
        return f"{texts.NO_REMUNERATION}\n{commands.tappable(commands.PAST_PANELS)}"
    if waiting := [one for one in found if one.may_confirm]:
        return answer.start(tuple(PickOption(one.id, _line(one)) for one in waiting[:MOST]))
    return "\n".join([texts.REMUNERATIONS, wording.numbered([_line(one) for one in found[:_SHOWN]]), _page(turn)])


@conversation(commands.REMUNERATION)
async def answer(talk: Talk, waiting: tuple[PickOption, ...]) -> None:
    """Each choice carries the version that was shown, so that an old tap confirms no other amount."""
    me = await people.get_expert(talk)
    remuneration_id = await pick(talk, texts.REMUNERATION_WHICH, waiting)
    one = await talk.read(talk.services.remuneration.answers.get, me.actor, remuneration_id)
    disputed = one.state == RemunerationState.DISPUTED
    agree = texts.REMUNERATION_BACK if disputed else texts.REMUNERATION_YES
    options = {agree: one.version, texts.REMUNERATION_LATER: 0}
    if one.may_dispute:
        options[texts.REMUNERATION_NO] = -one.version
    seen = await talk.choose(f"{_shown(one)}\n{_page(talk)}", options)
    answers = talk.services.remuneration.answers
    if seen > 0:
        done = await talk.once(answers.confirm, me.actor, remuneration_id, seen, by="chat")
        await talk.say(texts.REMUNERATION_CONFIRMED, amount=yuan(done.amount))
    elif seen < 0:
        reason = await talk.ask(texts.REMUNERATION_WHY, parse=dispute_reason)
        await talk.once(answers.dispute, me.actor, remuneration_id, -seen, reason, by="chat")
        await talk.say(texts.REMUNERATION_DISPUTED)
    else:
        await talk.say(texts.REMUNERATION_WAITS)


def dispute_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 2 <= len(reason) <= REASON_LONGEST:
        raise InvalidInput(f"请用2到{REASON_LONGEST}个字说明异议。", code="bad_reason")
    return reason


def _line(one: OwnRemuneration) -> str:
    return texts.REMUNERATION_LINE.format(
        time=print_time(one.gathering_at), amount=yuan(one.amount), state=one.state_label
    )


def _shown(one: OwnRemuneration) -> str:
    """The amount with its parts, and the remarks of both sides."""
    lines = [texts.REMUNERATION_OF.format(time=print_time(one.gathering_at), amount=yuan(one.amount))]
    lines += [
        texts.REMUNERATION_PART.format(label=part.label, amount=yuan(part.amount), words=wording.plain(part.words))
        for part in one.lines
    ]
    lines.append(texts.REMUNERATION_TIMES.format(entered=_time(one.entered_at), left=_time(one.left_at)))
    objection = one.dispute if one.state == RemunerationState.DISPUTED else ""
    for text, words in (
        (texts.REMUNERATION_REASON, one.reason),
        (texts.REMUNERATION_OBJECTION, objection),
        (texts.REMUNERATION_REPLY, one.reply),
    ):
        if words:
            lines.append(text.format(words=wording.plain(words)))
    if one.answer_until is not None:
        lines.append(texts.REMUNERATION_UNTIL.format(until=print_time(one.answer_until)))
    return "\n".join(lines)


def _time(at: datetime | None) -> str:
    return print_time(at) if at else texts.TIME_UNKNOWN


def _page(turn: Turn) -> str:
    url = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/remuneration"
    return f"▸ {link(texts.REMUNERATION_PAGE, url)}"
