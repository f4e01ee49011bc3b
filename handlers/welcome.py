"""Follow, unfollow, help, menu, and the reply to a message that no conversation understood."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from handlers import commands, next_steps, overview, people, texts
from handlers.exams import exam_lines
from services.accounts import Who

WRITE_INSTEAD = "不方便打电话的，点“意见反馈”留言，答复会发到这里。"
_FOR_EXPERTS = [
    commands.INVITATIONS,
    commands.PANELS,
    commands.CHECK_IN,
    commands.LEAVE,
    commands.AVAILABILITY,
    commands.REMUNERATION,
    commands.NOTICES,
    commands.STATUS,
    commands.APPLY,
    commands.GUIDE,
    commands.UNBIND,
]

_FOR_APPLICANTS = (
    commands.APPLY,
    commands.PROGRESS,
    commands.MEND,
    commands.PAY,
    commands.EXAM,
    commands.NOTICES,
    commands.GUIDE,
)


def register(router: Router) -> None:
    router.event("subscribe", greet_follower)
    router.event("unsubscribe", forget_follower)
    router.event("user_authorization_revoke", forget_named_openid)
    router.event("user_authorization_cancellation", forget_named_openid)
    router.keyword(give_help, commands.HELP, "人工", "客服", "help", "?", "转人工", "人工客服", "客服电话", "人工服务")
    router.keyword(show_menu, commands.MENU, "功能", "你好", "您好")
    router.menu("HELP", give_help)
    router.fallback(answer_unknown_text)


async def greet_follower(turn: Turn) -> str:
    """Greets a new follower: purpose, and one tap to begin; a bound follower gets the overview."""
    await turn.services.accounts.bindings.follow(turn.user.pool, turn.user.appid, turn.user.openid)
    who = await people.find_who(turn)
    if who is None:
        welcome_text = turn.services.deps.book(turn.user.pool).pool.welcome
        return f"{welcome_text}\n{commands.tap_lines(commands.BIND, *registering_commands(turn), commands.HELP)}"
    await overview.set_menu(turn, [role.role for role in who.roles])
    hello = texts.WELCOME_BACK.format(name=who.masked_name or who.masked_mobile)
    return f"{hello}\n{await overview.overview_text(turn, who)}"


async def forget_follower(turn: Turn) -> None:
    """On unfollowing, the openid and WeChat's data about it are deleted; the expert's record stays."""
    await turn.services.accounts.bindings.unfollow(turn.user.appid, turn.user.openid)


async def forget_named_openid(turn: Turn) -> None:
    """The user revoked WeChat authorisations or closed the WeChat account. The event names the openid itself."""
    message = turn.message
    appid, openid = message.get("AppID") or turn.user.appid, message.get("OpenID") or turn.user.openid
    await turn.services.accounts.bindings.unfollow(appid.strip(), openid.strip())


async def give_help(turn: Turn) -> str:
    """Whom to call or write to first, then the words of the chat."""
    book = turn.services.deps.book(turn.user.pool)
    works = turn.user.bound and people.may_work(turn)
    lines = [texts.HOTLINE.format(hotline=book.pool.hotline)]
    lines += [texts.HOURS.format(hours=book.help.hours)] if book.help.hours else []
    lines += [WRITE_INSTEAD] if book.help.feedback else []
    lines.append(await _explain_words(turn))
    words = [commands.FEEDBACK] if book.help.feedback else []
    words += [commands.WORK, commands.TO_DO, commands.MENU] if works else [commands.MENU]
    return "\n".join([*lines, commands.tap_lines(*words)])


async def _explain_words(turn: Turn) -> str:
    """What this person can type: the pool's own text for its experts."""
    who = await people.find_who(turn) if people.find_expert(turn) is None or people.may_work(turn) else None
    expert_help = turn.services.deps.book(turn.user.pool).pool.help
    if people.find_expert(turn) is not None:
        works = who is not None and people.has_office(who)
        return f"{expert_help}\n{texts.HELP_OFFICES}" if works else expert_help
    if who is None:
        words = (commands.BIND, *registering_commands(turn), commands.GUIDE, commands.RECORDS)
    elif people.has_office(who):
        words = (commands.WORK, commands.TO_DO, *commands.words_of(role.role for role in who.roles), commands.NOTICES)
    else:
        words = _FOR_APPLICANTS
    return "\n".join([texts.HELP_WORDS, commands.explain(*dict.fromkeys(words)), texts.HELP_CANCEL])


async def show_menu(turn: Turn) -> str:
    exams = await exam_lines(turn, turn.user.account_id) if turn.user.bound else []
    if people.find_expert(turn) is not None and not people.may_work(turn):
        await overview.set_menu(turn, ["expert"])
        return "\n".join([texts.MENU, *exams, commands.tap_lines(*_FOR_EXPERTS)])
    who = await people.find_who(turn)
    if who is not None:
        await overview.set_menu(turn, [role.role for role in who.roles])
    work = await overview.work_lines(turn, who) if who is not None else []
    agency = [texts.MENU_AGENCY] if who is None or not who.roles else []
    return "\n".join([texts.MENU, *exams, *work, commands.tap_lines(*_offered_commands(turn, who)), *agency])


async def answer_unknown_text(turn: Turn) -> str:
    """The last handler of free text."""
    return await next_steps.offer_next_steps(turn, texts.DID_NOT_UNDERSTAND)


def _offered_commands(turn: Turn, who: Who | None) -> list[str]:
    """What this person can do here, most useful first."""
    if who is None:
        return [commands.BIND, *registering_commands(turn), commands.GUIDE, commands.RECORDS]
    if people.is_staff_only(who):
        return [
            commands.WORK,
            commands.TO_DO,
            commands.NOTICES,
            commands.STATUS,
            commands.FEEDBACK,
            commands.HELP,
            commands.UNBIND,
        ]
    if who.expert_id is None:
        return [
            commands.APPLY,
            commands.PROGRESS,
            commands.STATUS,
            commands.PAY,
            commands.NOTICES,
            commands.GUIDE,
            commands.UNBIND,
        ]
    return _FOR_EXPERTS


def registering_commands(turn: Turn) -> tuple[str, ...]:
    """For who is not registered yet; none where the pool takes no registrations."""
    is_open = turn.services.deps.book(turn.user.pool).registration.open
    return (commands.REGISTER, commands.APPLY) if is_open else ()
