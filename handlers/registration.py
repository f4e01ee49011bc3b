"""Registering in chat: name and ID number read back, mobile verified by SMS code, and never a password."""

from __future__ import annotations

import re

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.errors import InvalidInput, TooMany
from domain.identity import IdentityVerificationResult
from domain.masking import mask_id_number, mask_name
from domain.parsing import fold, id_number, mobile_number
from domain.person_names import person_name
from handlers import binding, commands, meanings, people, texts
from services.accounts import PersonRegistered, RegistrationForm, Source
from services.core.base import Actor
from services.experts import membership_status_of
from services.operations import KEPT, REMOVED

_MAY_BE_PASSWORD = re.compile(r"[!-~]{4,}")
_PRIVACY_BYTES = 1100
"""Bytes of the bubble's 2048 for the privacy text: clause and choices below it must never be cut off."""


def register(router: Router) -> None:
    router.remember(register_person)
    router.keyword(begin_registration, commands.REGISTER, "我要注册", "注册账号", "实名注册")
    router.menu("REGISTER", begin_registration)
    router.keyword(refer_to_password_page, "密码", "修改密码", "设置密码", "改密码", "重设密码")
    router.text(refuse_password)
    router.keyword(refer_to_closing, "注销", "注销账号", "注销账户", "申请注销", "删除账号", "退库", "我的数据")


async def begin_registration(turn: Turn) -> Answer:
    """Register, or name the account that is registered already; a pool that takes no registrations replies with its own
    text."""
    who = await people.find_who(turn)
    if who is not None and who.account_id is not None:
        profile = await turn.services.accounts.credentials.profile(Actor(turn.user.pool, "guest", who.account_id))
        if profile.registered or who.expert_id is not None:
            status = await membership_status_of(turn.services.deps, who.account_id)
            registered = texts.ALREADY_REGISTERED.format(name=who.masked_name, status=status.text)
            return f"{registered}\n{commands.tap_lines(commands.APPLY, commands.STATUS)}"
    if closed := closed_text(turn):
        return closed
    privacy = turn.services.deps.book(turn.user.pool).pool.privacy_version
    return register_person.start(privacy, who.masked_mobile if who is not None else "")


def closed_text(turn: Turn) -> str:
    """The pool's own words to a person who wants to register, with what can be tapped instead; empty in a pool that
    takes registrations."""
    registration = turn.services.deps.book(turn.user.pool).registration
    if registration.open:
        return ""
    binding_tap = () if turn.user.bound else (commands.BIND,)
    return f"{registration.closed}\n{commands.tap_lines(*binding_tap, commands.GUIDE)}"


@conversation(commands.REGISTER)
async def register_person(talk: Talk, privacy_version: str, own_mobile: str) -> None:
    agreed = await talk.choose(_clauses(talk), {texts.AGREE: True, texts.DISAGREE: False})
    if not agreed:
        await talk.say(texts.NOT_REGISTERED)
        return
    while True:
        name = await talk.ask(texts.ASK_NAME, parse=person_name)
        number = await talk.ask(texts.ASK_ID_NUMBER, parse=id_number)
        question = texts.PERSON_READ_BACK.format(name=name, number=mask_id_number(number))
        options = {texts.PERSON_RIGHT: "right", texts.PERSON_AGAIN: "again", texts.PERSON_STOP: "stop"}
        answer = await talk.choose(question, options, plain=("right", "again"))
        if answer == "stop":
            await talk.say(texts.NOT_REGISTERED)
            return
        if answer == "right":
            break
    form = RegistrationForm(name, number, privacy_version, agreed=True)
    registered = await _register_verified_account(talk, form) if own_mobile else await _register_by_code(talk, form)
    await _say_registered(talk, registered, mask_name(name))


async def _register_verified_account(talk: Talk, form: RegistrationForm) -> PersonRegistered:
    """Register onto the account whose mobile this WeChat account has verified already."""
    actor = Actor(talk.user.pool, "guest", talk.user.account_id)
    return await talk.once(talk.services.accounts.registration.register, actor, form, identity_id=talk.user.identity_id)


async def _register_by_code(talk: Talk, form: RegistrationForm) -> PersonRegistered:
    length = talk.services.deps.book(talk.user.pool).login.code_length
    mobile = await talk.ask(texts.ASK_OWN_MOBILE, parse=mobile_number)
    question = await _send_code(talk, mobile, length)
    while True:
        entry = await talk.ask(question, parse=binding.code_parser(length))
        if entry == binding.OTHER:
            mobile = await talk.ask(texts.ASK_OWN_MOBILE, parse=mobile_number)
        if entry in (binding.AGAIN, binding.OTHER):
            question = await _send_code(talk, mobile, length)
            continue
        verified_form = RegistrationForm(form.name, form.id_number, form.privacy_version, True, mobile, entry)
        try:
            return await talk.once(
                talk.services.accounts.registration.register,
                Actor(talk.user.pool, "guest"),
                verified_form,
                identity_id=talk.user.identity_id,
            )
        except InvalidInput as error:  # a wrong or expired code: the reason, and how many tries are left
            question = f"{error.message}\n{texts.CODE_FORM.format(length=length)}"


async def _send_code(talk: Talk, mobile: str, length: int) -> str:
    """The question for the code. Raises TooMany while the mobile is locked, which ends the talk."""
    try:
        source = Source(identity_id=talk.user.identity_id)
        code_sent = await talk.once(
            talk.services.accounts.bindings.send_code, talk.user.pool, mobile, "register", source=source
        )
    except TooMany as error:
        if error.code == "mobile_locked":
            raise
        return f"{error.message}\n{texts.CODE_ANYWAY.format(length=length)}"
    minutes = int(talk.services.deps.book(talk.user.pool).login.code_valid.total_seconds()) // 60
    return texts.CODE_SENT.format(mobile=code_sent.masked_mobile, minutes=minutes, length=length)


async def _say_registered(talk: Talk, registered: PersonRegistered, name: str) -> None:
    text = texts.REGISTERED.format(name=name, number=registered.masked_id_number, mobile=registered.masked_mobile)
    if registered.identity_verification != IdentityVerificationResult.NONE:
        text = f"{text}\n{texts.IDENTITY_VERIFICATION.format(found=registered.identity_verification.label)}"
    if registered.expert_number:
        text = f"{text}\n{texts.REGISTERED_EXPERT.format(number=registered.expert_number)}"
    await talk.say(f"{text}\n{_password_page(talk)}\n{commands.tap_lines(commands.APPLY, commands.STATUS)}")


def _clauses(talk: Talk) -> str:
    book = talk.services.deps.book(talk.user.pool)
    privacy = shorten(book.pool.privacy_text, _PRIVACY_BYTES)
    return f"{privacy}\n{texts.HONESTY.format(clause=book.registration.honesty)}\n{texts.PRIVACY_ASK}"


# ---- passwords


async def refer_to_password_page(turn: Turn) -> str:
    return f"{texts.NO_PASSWORD_HERE}\n{_password_page(turn)}"


async def refuse_password(turn: Turn) -> str | None:
    """A password typed in the chat is neither used nor stored. A question about passwords holds none."""
    text = fold(turn.message.text)
    if not text.startswith(("密码", "我的密码", "新密码", "password")):
        return None
    if _MAY_BE_PASSWORD.search(text) is None and await meanings.find_sure_intent(turn) is not None:
        return None
    return await refer_to_password_page(turn)


def _password_page(turn: Turn) -> str:
    return link(texts.PASSWORD_PAGE, f"{turn.services.deps.public_url}/h5/{turn.user.pool}/account/password")


# ---- closing the account


async def refer_to_closing(turn: Turn) -> str:
    """What closing ends, deletes and keeps, what to do instead, and the page on which a code by SMS confirms it."""
    book, is_expert = turn.services.deps.book(turn.user.pool), people.find_expert(turn) is not None
    page = link(texts.CLOSING_PAGE, f"{turn.services.deps.public_url}/h5/{turn.user.pool}/account/data")
    archived = "、".join(kind.split("：")[0] for kind in KEPT)
    lines = [
        texts.CLOSING_EXPERT if is_expert else texts.CLOSING,
        texts.CLOSING_WAITS,
        texts.CLOSING_DELETES.format(removed="、".join(REMOVED[:3]), archived=archived),
        *([texts.CLOSING_INSTEAD] if is_expert else []),
        *([texts.CLOSING_AGAIN] if book.registration.open else []),
        texts.CLOSING_FOR_OTHERS.format(hotline=book.pool.hotline),
        f"▸ {page}",
    ]
    words = (commands.AVAILABILITY, commands.UNBIND) if is_expert else (commands.UNBIND,)
    return "\n".join([*lines, commands.tap_lines(*(words if turn.user.bound else (commands.BIND,)))])
