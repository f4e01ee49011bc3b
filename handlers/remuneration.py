"""Remuneration (酬劳): amounts due for past panels and their status; confirmed by a tap, or objected to."""

from __future__ import annotations

from datetime import datetime

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date, print_time
from domain.errors import InvalidInput
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationState
from handlers import commands, people, texts, wording
from handlers.picking import MOST, PickOption, pick_option
from services.remuneration import OwnRemuneration

_SHOWN = 5
REASON_LONGEST = 200


def register(router: Router) -> None:
    router.remember(answer_remuneration)
    router.keyword(
        list_remunerations,
        commands.REMUNERATION,
        "我的酬劳",
        "专家酬劳",
        "评标酬劳",
        "确认酬劳",
        "劳务费",
        "评审费",
        "评标费",
        texts.REMUNERATION_PAGE,
    )
    router.menu("REMUNERATION", list_remunerations)
    router.remember(remind_agency)
    router.keyword(begin_reminder, commands.REMIND_PAYMENT, "催付", "催酬劳", "催评审费", "催评标费", "催劳务费")


async def list_remunerations(turn: Turn) -> Answer:
    """An amount that waits for an answer is asked about at once; else the status of the newest ones."""
    me = await people.get_expert(turn)
    remunerations = await turn.services.remuneration.answers.list_own(me.actor)
    if not remunerations:
        return f"{texts.NO_REMUNERATION}\n{commands.tap_lines(commands.PAST_PANELS)}"
    if waiting := [remuneration for remuneration in remunerations if remuneration.may_confirm]:
        return answer_remuneration.start(
            tuple(PickOption(remuneration.id, _line(remuneration)) for remuneration in waiting[:MOST])
        )
    return "\n".join(
        [
            texts.REMUNERATIONS,
            wording.numbered_lines([_line(remuneration) for remuneration in remunerations[:_SHOWN]]),
            _page(turn),
        ]
    )


@conversation(commands.REMUNERATION)
async def answer_remuneration(talk: Talk, waiting: tuple[PickOption, ...]) -> None:
    """Each choice carries the version that was shown, so that an old tap confirms no other amount."""
    me = await people.get_expert(talk)
    remuneration_id = await pick_option(talk, texts.REMUNERATION_WHICH, waiting)
    remuneration = await talk.read(talk.services.remuneration.answers.get, me.actor, remuneration_id)
    disputed = remuneration.state == RemunerationState.DISPUTED and remuneration.dispute != ""
    agree = texts.REMUNERATION_BACK if disputed else texts.REMUNERATION_YES
    # The journal holds the chosen value, so one number says both which version was shown and what was chosen.
    options = {agree: remuneration.version, texts.REMUNERATION_LATER: 0}
    if remuneration.may_dispute:
        options[texts.REMUNERATION_NO] = -remuneration.version
    signed_version = await talk.choose(f"{_remuneration_text(remuneration)}\n{_page(talk)}", options)
    answers = talk.services.remuneration.answers
    if signed_version > 0:
        confirmed = await talk.once(answers.confirm, me.actor, remuneration_id, signed_version, by="chat")
        await talk.say(texts.REMUNERATION_CONFIRMED, amount=yuan(confirmed.amount))
    elif signed_version < 0:
        reason = await talk.ask(texts.REMUNERATION_WHY, parse=dispute_reason)
        await talk.once(answers.dispute, me.actor, remuneration_id, -signed_version, reason, by="chat")
        await talk.say(texts.REMUNERATION_DISPUTED)
    else:
        await talk.say(texts.REMUNERATION_WAITS)


async def begin_reminder(turn: Turn) -> Answer:
    """Only amounts of which the agency may be reminded now."""
    me = await people.get_expert(turn)
    own = await turn.services.remuneration.answers.list_own(me.actor)
    options = [PickOption(each.id, _line(each)) for each in own if each.may_remind]
    if not options:
        reminded = [_reminded_line(each, each.reminded_at, each.remind_from) for each in own]
        lines = [line for line in reminded if line] or [texts.REMIND_NOTHING]
        return "\n".join([*lines, commands.tap_lines(commands.REMUNERATION, commands.COMPLAINT)])
    return remind_agency.start(tuple(options[:MOST]))


@conversation(commands.REMIND_PAYMENT)
async def remind_agency(talk: Talk, offered: tuple[PickOption, ...]) -> None:
    me = await people.get_expert(talk)
    remuneration_id = await pick_option(talk, texts.REMIND_WHICH, offered)
    remuneration = await talk.read(talk.services.remuneration.answers.get, me.actor, remuneration_id)
    question = texts.REMIND_READ_BACK.format(
        time=print_time(remuneration.gathering_at), amount=yuan(remuneration.amount)
    )
    if not await talk.choose(f"{question}\n{_page(talk)}", {texts.REMIND_YES: True, texts.REMIND_NO: False}):
        await talk.say(texts.REMIND_NOT_DONE)
        return
    reminded = await talk.once(talk.services.remuneration.payment_reminders.remind, me.actor, remuneration_id)
    await talk.say(texts.REMIND_DONE, until=print_date(reminded.next_at))
    await talk.say(commands.tap_lines(commands.COMPLAINT))


def _reminded_line(remuneration: OwnRemuneration, at: datetime | None, until: datetime | None) -> str:
    """When the agency was last reminded and may be again; empty where no reminder was sent."""
    if at is None or until is None:
        return ""
    time = print_time(remuneration.gathering_at)
    return texts.REMIND_AGAIN.format(time=time, at=print_date(at), until=print_date(until))


def dispute_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 2 <= len(reason) <= REASON_LONGEST:
        raise InvalidInput(f"请用2到{REASON_LONGEST}个字说明异议。", code="bad_reason")
    return reason


def _line(remuneration: OwnRemuneration) -> str:
    return texts.REMUNERATION_LINE.format(
        time=print_time(remuneration.gathering_at), amount=yuan(remuneration.amount), state=remuneration.state_label
    )


def _remuneration_text(remuneration: OwnRemuneration) -> str:
    """The amount with its parts, and the remarks of both sides."""
    lines = [texts.REMUNERATION_OF.format(time=print_time(remuneration.gathering_at), amount=yuan(remuneration.amount))]
    lines += [
        texts.REMUNERATION_PART.format(label=part.label, amount=yuan(part.amount), words=wording.plain_text(part.words))
        for part in remuneration.lines
    ]
    lines.append(
        texts.REMUNERATION_TIMES.format(entered=_time(remuneration.entered_at), left=_time(remuneration.left_at))
    )
    objection = remuneration.dispute if remuneration.state == RemunerationState.DISPUTED else ""
    for text, words in (
        (texts.REMUNERATION_REASON, remuneration.reason),
        (texts.REMUNERATION_OBJECTION, objection),
        (texts.REMUNERATION_REPLY, remuneration.reply),
    ):
        if words:
            lines.append(text.format(words=wording.plain_text(words)))
    if remuneration.answer_until is not None:
        until = texts.REMUNERATION_UNTIL if remuneration.silence_confirms else texts.REMUNERATION_UNTIL_CONFIRMED
        lines.append(until.format(until=print_time(remuneration.answer_until)))
    return "\n".join(lines)


def _time(at: datetime | None) -> str:
    return print_time(at) if at else texts.TIME_UNKNOWN


def _page(turn: Turn) -> str:
    url = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/remuneration"
    return f"▸ {link(texts.REMUNERATION_PAGE, url)}"
