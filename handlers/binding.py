"""Binding a WeChat account to a person by SMS code, after consent; and unbinding it."""

from __future__ import annotations

from collections.abc import Callable

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.errors import InvalidInput, TooMany
from domain.parsing import fold, mobile_number
from handlers import commands, overview, people, texts
from services.accounts import DIGITS, SCENE, Bound, Source
from services.core.permissions import role_name

VENUE = "venue"
"""Reason to bind: an unbound WeChat account scanned the venue's code."""

AGREED, REFUSED = "agreed", "refused"
AGAIN, OTHER = "again", "other"
_AGAIN_WORDS = frozenset(("重发", "重新发送", "再发一次", "重新获取", "没收到", "没有收到", "收不到"))
_OTHER_WORDS = frozenset(("换号", "换手机号", "换号码", "改号码", "修改手机号", "号码错了", "输错了"))
_PRIVACY_BYTES = 1250
"""Bytes of the bubble's 2048 for the privacy text: the choices below it must never be cut off."""


def register(router: Router) -> None:
    router.remember(bind)
    router.keyword(begin_binding, commands.BIND, "绑定", "身份绑定", "我要绑定")
    router.menu("BIND", begin_binding)
    router.scene("bind:", begin_by_scan)
    router.scene(SCENE, link_by_scan)
    router.text(link_by_code)
    router.remember(unbind)
    router.keyword(begin_unbinding, commands.UNBIND, "解除绑定", "取消绑定")
    router.keyword(deny_login, commands.NOT_ME, "非本人操作", "不是本人操作", "不是我操作的")


async def begin_binding(turn: Turn) -> Answer:
    """Bind, or name the account that is bound already; a privacy text that changed since is shown again for consent."""
    privacy = turn.services.deps.book(turn.user.pool).pool.privacy_version
    who = await people.find_who(turn)
    if who is None or who.account_id is None:
        return bind.start(privacy, "")
    if await turn.services.accounts.bindings.needs_consent(who.account_id):
        return bind.start(privacy, texts.PRIVACY_CHANGED)
    bound = texts.ALREADY_BOUND.format(name=_spaced_name(who.masked_name), mobile=who.masked_mobile)
    return f"{bound}\n{commands.tap_lines(commands.UNBIND, commands.STATUS)}"


async def begin_by_scan(turn: Turn, _campaign: str) -> Answer:
    return await begin_binding(turn)


def start_at_venue(turn: Turn) -> Answer:
    """Bind first, then check in."""
    return bind.start(turn.services.deps.book(turn.user.pool).pool.privacy_version, VENUE)


@conversation(commands.BIND, version=2)
async def bind(talk: Talk, privacy_version: str, occasion: str) -> None:
    if occasion:
        await talk.say(texts.VENUE_FIRST if occasion == VENUE else occasion)
    bound = await _bind_by_code_or_agree(talk) or await _bind_by_mobile(talk, privacy_version)
    await _say_bound(talk, bound, occasion)


async def _bind_by_code_or_agree(talk: Talk) -> Bound | None:
    """None once the person has agreed; refusing ends the talk. A typed code binds at once: its owner has agreed."""
    question, options = _privacy_question(talk), {texts.AGREE: AGREED, texts.DISAGREE: REFUSED}
    while True:
        choice = await talk.choose(question, options, words=find_code, plain=(AGREED, REFUSED))
        if choice == AGREED:
            return None
        if choice == REFUSED:
            await talk.say(texts.NOT_AGREED)
            await talk.end()
        try:
            return await talk.once(talk.services.accounts.linking.link, talk.user.identity_id, talk.user.pool, choice)
        except InvalidInput as error:
            question = f"{error.message}\n{texts.AGREE_FIRST}"


async def _bind_by_mobile(talk: Talk, privacy_version: str) -> Bound:
    length = talk.services.deps.book(talk.user.pool).login.code_length
    mobile = await talk.ask(texts.ASK_MOBILE, parse=mobile_number)
    question = await _send_code(talk, mobile, length)
    while True:
        entry = await talk.ask(question, parse=code_parser(length))
        if entry == OTHER:
            mobile = await talk.ask(texts.ASK_MOBILE, parse=mobile_number)
        if entry in (AGAIN, OTHER):
            question = await _send_code(talk, mobile, length)
            continue
        try:
            return await talk.once(
                talk.services.accounts.bindings.bind,
                talk.user.identity_id,
                talk.user.pool,
                mobile,
                entry,
                privacy_version,
            )
        except InvalidInput as error:  # a wrong or expired code: the reason, and how many tries are left
            question = f"{error.message}\n{texts.CODE_FORM.format(length=length)}"


async def _send_code(talk: Talk, mobile: str, length: int) -> str:
    """The question for the code. Raises TooMany while the mobile is locked, which ends the talk."""
    try:
        source = Source(identity_id=talk.user.identity_id)
        code_sent = await talk.once(
            talk.services.accounts.bindings.send_code, talk.user.pool, mobile, "bind", source=source
        )
    except TooMany as error:
        if error.code == "mobile_locked":
            raise
        return f"{error.message}\n{texts.CODE_ANYWAY.format(length=length)}"
    book = talk.services.deps.book(talk.user.pool)
    minutes = int(book.login.code_valid.total_seconds()) // 60
    sent = texts.CODE_SENT.format(mobile=code_sent.masked_mobile, minutes=minutes, length=length)
    return f"{sent}\n{texts.CODE_DEAD.format(hotline=book.pool.hotline)}"


async def _say_bound(talk: Talk, bound: Bound, occasion: str) -> None:
    if not bound.roles:
        hotline = talk.services.deps.book(talk.user.pool).pool.hotline
        await talk.say(texts.BOUND_NO_ROLE.format(mobile=bound.masked_mobile, hotline=hotline))
        if talk.services.deps.book(talk.user.pool).registration.open:
            await talk.say(f"{texts.REGISTER_NEXT}\n{commands.tap_lines(commands.REGISTER)}")
        return
    roles = "、".join(role_name(role) for role in bound.roles)
    await talk.say(texts.BOUND.format(name=_spaced_name(bound.masked_name), mobile=bound.masked_mobile, roles=roles))
    who = await talk.read(talk.services.accounts.bindings.who, talk.user.identity_id)
    if occasion == VENUE and who.expert_id is not None:
        await talk.say(f"{texts.VENUE_AGAIN}\n{commands.tap_lines(commands.CHECK_IN)}")
    else:
        await talk.say(await talk.read(overview.overview_text, talk, who))


def code_parser(length: int) -> Callable[[str], str]:
    """A parser of a code of ``length`` digits; AGAIN or OTHER when the person asks for that instead."""

    def parse(text: str) -> str:
        normalised = fold(text)
        if normalised in _AGAIN_WORDS:
            return AGAIN
        if normalised in _OTHER_WORDS:
            return OTHER
        digits = normalised.replace(" ", "").replace("-", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) == length):
            raise InvalidInput(texts.CODE_FORM.format(length=length), code="bad_code")
        return digits

    return parse


def find_code(text: str) -> str | None:
    """The digits that the mini-program shows, alone or after 绑定."""
    digits = "".join(fold(text).split()).replace("-", "").removeprefix("绑定")
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else None


# ---- binding of accounts that the mini-program knows


async def link_by_scan(turn: Turn, code: str) -> Answer:
    return await _link_account(turn, code)


async def link_by_code(turn: Turn) -> Answer:
    """``绑定 12345678``, or the digits alone from a person who is not bound."""
    code = find_code(turn.message.text)
    if code is None or (turn.user.bound and "绑定" not in turn.message.text):
        return None
    return await _link_account(turn, code)


async def _link_account(turn: Turn, code: str) -> Answer:
    """Consent was given in the mini-program, which hands out no code before."""
    if turn.user.bound:
        return await begin_binding(turn)
    try:
        bound = await turn.services.accounts.linking.link(
            turn.user.identity_id, turn.user.pool, code, key=turn.message.key
        )
    except (InvalidInput, TooMany) as error:
        return f"{error.message}\n{commands.tap_lines(commands.BIND)}"
    roles = "、".join(role_name(role) for role in bound.roles) or texts.NO_ROLE_YET
    lines = [texts.BOUND.format(name=_spaced_name(bound.masked_name), mobile=bound.masked_mobile, roles=roles)]
    who = await turn.services.accounts.bindings.who(turn.user.identity_id)
    return "\n".join([*lines, await overview.overview_text(turn, who)])


def _privacy_question(talk: Talk) -> str:
    text = talk.services.deps.book(talk.user.pool).pool.privacy_text
    hint = "" if talk.user.bound else f"{texts.LINK_HINT}\n"
    return f"{shorten(text, _PRIVACY_BYTES)}\n{hint}{texts.PRIVACY_ASK}"


def _spaced_name(masked_name: str) -> str:
    return f"{masked_name} " if masked_name else ""


# ---- unbinding


async def begin_unbinding(turn: Turn) -> Answer:
    return unbind.start() if turn.user.bound else texts.NOT_BOUND


@conversation(commands.UNBIND)
async def unbind(talk: Talk) -> None:
    sure = await talk.choose(texts.ASK_UNBIND, {texts.UNBIND_YES: True, texts.UNBIND_NO: False})
    if not sure:
        await talk.say(texts.KEPT_BOUND)
        return
    await talk.once(talk.services.accounts.bindings.unbind, talk.user.identity_id)
    await talk.say(f"{texts.UNBOUND}\n{commands.tap_lines(commands.BIND)}")


async def deny_login(turn: Turn) -> Answer:
    """The person denies having logged in to the mini-program: its session ends at once, since logging in again is
    easy."""
    who = await people.find_who(turn)
    if who is None or who.account_id is None:
        return f"{texts.NOT_KNOWN_HERE}\n{commands.tap_lines(commands.BIND)}"
    unbound = await turn.services.accounts.bindings.unbind_mini_programs(who.account_id, key=turn.message.key)
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    text = texts.DISOWNED if unbound.was_bound else texts.NOTHING_TO_DISOWN
    return f"{text.format(hotline=hotline)}\n{commands.tap_lines(commands.STATUS)}"
