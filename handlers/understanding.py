"""What people write in their own words: answered, asked back, or admitted not to be understood.

Which intents there are and who may mean them: ``config/intents/``. An intent is answered by the handler that
``handlers/answers/`` names for it, as one of the chat's words, or by an article.
"""

from __future__ import annotations

import structlog

from bot.dialogue import OUTAGES, is_mere_answer
from bot.router import Answer, Hint, Router, WordAnswer
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.clock import print_near_time
from domain.draws.answers import Doubt, Unsure, understand
from domain.errors import AppError
from domain.understanding.decision import SMALL_TALK
from domain.understanding.intents import Intent, Speaker
from handlers import commands, helpdesk, meanings, people, texts, welcome, wording
from handlers.answers import ANSWERS

log = structlog.get_logger()

_QUESTION_MIN = 6
"""Characters of a sentence that hardly answers an open question."""
_ACKNOWLEDGED = "greeting"
"""The intent of 好的，收到, said where nothing waits for an answer."""


def register(router: Router) -> None:
    router.remember(ask_back)
    router.keyword(ANSWERS["appeal"], commands.APPEAL, "我要申诉", "写申诉")
    router.text(answer_sentence)
    router.aside(answer_in_passing)
    router.stale(answer_stale_offer)
    router.label(answer_label)


async def answer_sentence(turn: Turn) -> Answer:
    """The last handler of free text. Raises Forbidden for a closed account."""
    if is_mere_answer(turn.message.text):
        return None
    if understand(turn.message.text) == Unsure(Doubt.ACKNOWLEDGED):
        return await ANSWERS[_ACKNOWLEDGED](turn)
    if (intent := await meanings.find_sure_intent(turn)) is not None:
        return await answer_intent(turn, intent)
    if (answer := helpdesk.find_answer(turn)) is not None:
        return answer
    meaning = await meanings.understand(turn)
    if meaning.intents:
        return ask_back.start(meaning.intents)
    await _record_misunderstood(turn, ())
    return None


async def answer_in_passing(turn: Turn) -> Answer:
    """Something sure that is said while another talk waits for an answer: a question leaves that talk open, and what
    begins a talk of its own (发烧了，明天去不成) puts it aside."""
    intent = await meanings.find_sure_intent(turn)
    if intent is None:
        return await _hint_in_passing(turn)
    if intent.id in SMALL_TALK:
        return None
    answer = await _find_answer(turn, intent)
    return wording.break_long_lines(answer) if isinstance(answer, str) else answer


async def _hint_in_passing(turn: Turn) -> Answer:
    """What an unsure question may mean, to be typed while the other talk stays open. None for what may be an answer to
    that talk: a few characters, or an act."""
    if len(turn.message.text) < _QUESTION_MIN:
        return None
    offers = [
        intent
        for intent_id in (await meanings.understand(turn)).intents
        if (intent := turn.services.understanding.meanings.find(intent_id)) is not None
    ]
    if not offers or offers[0].is_act or meanings.speaks_of_coming_or_not(offers[0]):
        return None
    titles = [intent.title for intent in offers if not intent.is_act]
    return Hint(texts.DO_YOU_MEAN_IN_PASSING.format(titles="、".join(f"“{title}”" for title in titles)))


async def answer_stale_offer(turn: Turn) -> Answer:
    """Of several things that were offered (您是想问) people tap one after the other. An act is not begun by a tap on an
    old message: who put an invitation off (稍后答复) and then taps an answer there is shown the invitation."""
    if turn.message.text in (texts.ATTEND, texts.DECLINE):
        me = people.find_expert(turn)
        waiting = me is not None and await people.open_invitations(turn, me)
        return WordAnswer(commands.INVITATIONS) if waiting else None
    intent = turn.services.understanding.meanings.find_labelled(await people.speakers(turn), turn.message.text)
    return await answer_intent(turn, intent) if intent is not None and not intent.is_act else None


async def answer_label(turn: Turn) -> Answer:
    """A word that is a label for who works here, though it is an expert's word of the chat, too."""
    if not turn.user.bound or not people.may_work(turn):
        return None
    speakers = await people.speakers(turn)
    if Speaker.EXPERT in speakers or Speaker.GUEST in speakers:
        return None
    intent = turn.services.understanding.meanings.find_labelled(speakers, turn.message.text)
    return await answer_intent(turn, intent) if intent is not None else None


async def answer_intent(turn: Turn, intent: Intent) -> Answer:
    """With the reminder of an invitation that still waits, since the question may have been asked about it."""
    answer = await _find_answer(turn, intent)
    if isinstance(answer, str):
        answer = wording.break_long_lines(answer)
    me = people.find_expert(turn)
    if me is None or not (waiting := await people.open_invitations(turn, me)):
        return answer
    until = print_near_time(min(view.answer_until for view in waiting), turn.now)
    reminder = texts.OPEN_INVITATIONS.format(count=len(waiting), until=until)
    note = f"{reminder}\n{commands.tap_lines(commands.INVITATIONS)}"
    if isinstance(answer, WordAnswer):
        return WordAnswer(answer.word, note)
    return f"{answer}\n\n{note}" if isinstance(answer, str) else answer


async def _find_answer(turn: Turn, intent: Intent) -> Answer:
    """A guest, of whom the system knows nothing, gets the pool's own answer where there is one."""
    answers = turn.services.understanding.meanings
    if not turn.user.bound and (own := answers.own_answer(turn.user.pool, intent)):
        hotline = texts.HOTLINE.format(hotline=turn.services.deps.book(turn.user.pool).pool.hotline)
        words = (*welcome.registering_commands(turn), commands.BIND, commands.GUIDE)
        return f"{own}\n{hotline}\n{commands.tap_lines(*words)}"
    if (handler := ANSWERS.get(intent.id)) is not None:
        return await handler(turn)
    if intent.word:
        return WordAnswer(intent.word)
    return _article_text(turn, intent) if intent.answer else None


def _article_text(turn: Turn, intent: Intent) -> str:
    article = turn.services.understanding.meanings.article(turn.user.pool, intent)
    lines = [article.text]
    if article.page is not None:
        label, path = article.page
        lines.append(f"▸ {turn.services.notifications.entrances.link(label, turn.user.pool, path)}")
    lines.append(commands.tap_lines(*(article.taps or (commands.HELP,))))
    return "\n".join(lines)


@conversation("您是想问", gives_way=True)
async def ask_back(talk: Talk, intent_ids: tuple[str, ...]) -> Answer:
    """Offer what the sentence may mean; the one that is chosen is answered as if it had been understood at once."""
    intents = map(talk.services.understanding.meanings.find, intent_ids)
    offered = {intent.title: intent.id for intent in intents if intent is not None}
    chosen_id = await talk.choose(texts.DO_YOU_MEAN, {**offered, texts.NONE_OF_THESE: ""})
    intent = talk.services.understanding.meanings.find(chosen_id)
    if intent is not None:
        return await answer_intent(talk, intent)
    await _record_misunderstood(talk, tuple(offered.values()))
    return await welcome.answer_unknown_text(talk)


async def _record_misunderstood(turn: Turn, offered: tuple[str, ...]) -> None:
    """Keep the sentence for the office. What fails here is logged: the person gets the reply all the same."""
    record = turn.services.understanding.misunderstood.record
    user, sentence = turn.user, turn.message.text
    writer = user.openid if user.account_id is None else str(user.account_id)
    speakers = await people.speakers(turn)
    try:
        if isinstance(turn, Talk):
            await turn.once(record, user.pool, speakers, sentence, offered, writer)
        else:
            await record(user.pool, speakers, sentence, offered, writer)
    except (AppError, *OUTAGES) as error:
        log.warning("misunderstood_not_recorded", error=type(error).__name__)
