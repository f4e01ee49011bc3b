"""Answers on codes by SMS, log-in, the mobile and closing the account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date, print_time
from domain.rulebook.people import LOGIN_NAMES
from domain.rulebook.reading import print_length
from handlers import commands, people, pools, registration, texts, wording
from handlers.applications import show_change_page
from services.accounts import TAIL, Profile, Who
from services.core.base import Actor

# ---- codes by SMS

_CODE_MISSING = "请先核对输入的是不是登记的手机号，再看短信有没有被手机拦截。"
_CODE_WRONG = (
    "请输入最新一条短信里的{length}位数字，以前的都作废。一条验证码输错{tries}次作废；"
    "连续输错{failures}次暂停验证{lock}，到时自动恢复。"
)
_CODE_LIMITED = "提示太频繁或次数用完的，到时间自动恢复，不用申请解除。"
_CODE_LIMITS = (
    "验证码{length}位，{valid}内有效，只有最新一条能用；隔{gap}可以重新获取，一小时最多{hour}条，一天最多{day}条。"
)
_CODE_BY_SMS_ONLY = "验证码只能用短信接收，不能改用语音电话、邮箱或微信。"
_MAINLAND_ONLY = "只能用大陆手机号（1开头的11位），国外、香港的号码不行；人在境外的，开通漫游才能收短信。"
_NO_PUZZLE = "我们的页面没有图形、滑块验证码。我们的网址都以{url}开头，请核对后再填写。"
_CODE_NOT_WANTED = (
    "不是您自己获取的验证码，不用理会，也不要告诉任何人。怀疑有人用您的账号登录了小程序的，请点“不是我本人”："
)
_NO_CODE_NEEDED = "这个微信已经绑定，从公众号打开页面不用验证码登录。"
_STILL_NO_CODE = "登记的号码停用了，或者一直收不到的，请拨打{hotline}。"

# ---- logging in

_LOG_IN_BOUND = "您的微信已经绑定，从公众号打开页面不用登录，请点下面的链接。"
_LOG_IN_UNBOUND = "请先绑定身份，以后从公众号打开页面不用登录。不想绑定的，也可以用手机号收验证码登录。"
_LOG_IN_PAGE = "登录"
_ROLES = "您现在的身份：{roles}。"
_NO_ROLE = "您的手机号目前没有登记任何身份。"
_ROLE_PAGE = "切换身份"
_ROLE_MISSING = "没有您要的身份，请拨打{hotline}核对登记的手机号。"
_ROLES_AFTER_BINDING = "有几个身份的，登录后在“切换身份”里选。"
_LOCKED = "密码连续输错{failures}次，账号锁定{lock}，到时自动解锁；急用的，请用手机号收验证码登录。"
_NO_PASSWORDS = "本专家库不用密码登录，请用手机号收验证码登录。"
_FORGOTTEN = "忘记密码，可以用手机号收验证码登录，也可以用验证码和身份证号后{tail}位重设。"
_FORGOTTEN_PAGE = "重设密码"
_PASSWORD_RULE = "密码要求：{rule}。"
_INITIAL_PASSWORD = "专家库设的初始密码是身份证号后{tail}位，第一次登录须修改。"
_ACCOUNT_NAME = "登录账号是{names}；不用密码的，也可以用手机号收验证码登录。"
_CLOSED = "账号停用后不能登录，请拨打{hotline}，核对后恢复。"
_AGENCY_LOG_IN = (
    "代理机构和招标人用手机号收验证码登录，或者在登录页点“统一身份认证登录”。"
    "每位经办人用自己的手机号，由单位关联，不共用账号和密码。"
)
_FOREIGN_LOG_IN = (
    "在“我的账号”最下面可以看到登录的设备，退出不认识的；有密码的请马上修改。"
    "小程序上的登录，请点“不是我本人”；仍被别人登录的，请拨打{hotline}。"
)
_LOG_OUT = "请打开“我的账号”，页面最下面可以退出本设备，或者退出全部设备。"
_STILL_LOCKED_OUT = "还是登录不上的，请拨打{hotline}，说明屏幕上的提示。"

# ---- the mobile

_MOBILE_IS = "您登记的手机号是{mobile}，可以在网页上自己更换，不用审核，改好立即生效。"
_MOBILE_NOT_YET = "您登记的手机号是{mobile}，更换不久，{date}起才能再次更换。"
_MOBILE_UNBOUND = "请登录后在网页上自己更换，不用审核，改好立即生效；绑定身份后可以在这里查登记的号码。"
_MOBILE_EVERY = "每{every}只能更换一次。"
_CONFIRMED_BY_PASSWORD = "新号码要收验证码，再用登录密码或旧号码的验证码确认是本人。"
_CONFIRMED_BY_CODE = "新号码和旧号码都要收验证码。"
_MOBILE_USED = "以后抽取电话和短信发到新号码。"
_MOBILE_FILED = "管理机构已为您登记新号码{mobile}，请在{until}前用它收验证码登录一次，登录后启用。"
_MOBILE_PAGE = "更换手机号"
_MOBILE_DEAD = "旧号码收不到短信，又不能用密码确认的，请拨打{hotline}，核对身份后登记新号码。"
_MOBILE_DEAD_GUEST = (
    "登记的号码已经停用、收不到短信的，不用登录：请拨打{hotline}{hours}，"
    "由管理机构核对身份后登记新号码；然后用新号码收验证码登录。"
)
_MOBILE_ALIVE = "旧号码还能收短信的，登录后自己更换："
_MOBILE_TAKEN = "提示号码已被使用的，请拨打{hotline}核实。"
_BACKUP_IS = "您登记的备用手机号是{mobile}，可以在网页上自己修改。"
_BACKUP_NONE = "您还没有登记备用手机号，可以在网页上自己填写。"
_BACKUP_BY_FORM = "备用手机号在申请表里填写；登录和收验证码只用登记的手机号。"
_BACKUP_NOT_HELD = "目前只登记一个手机号，不能登记备用号码。"
_BACKUP_PAGE = "修改联系方式"
_ALSO_AT_PLATFORM = "统一身份认证平台登记的手机号请一并更换。"
_ALSO_IN_DRAWS = "抽取活动里登记的监督人手机号不会跟着更换，请同时告诉代理机构和专家库管理机构。"

# ---- words that tell the questions of one intent apart

_PUZZLES = ("图形", "图片", "滑块", "滑动", "看不清")
_NOT_WANTED = ("没操作", "没有操作", "不是我", "没登录", "没有登录", "频繁收到你们")
_OTHER_WAYS = ("语音", "邮箱", "发到微信", "不用验证码", "别的办法")
_ABROAD = ("国外", "香港", "境外", "海外", "澳门", "台湾")
_TOO_MANY = ("频繁", "次数", "上限", "超限", "一小时", "用完", "倒计时")
_WRONG_CODE = ("错", "不对", "失效", "过期", "不正确", "作废", "无效", "哪个", "哪条", "几位", "有效")
_ROLE_WORDS = ("身份", "角色", "切换")
_LOCK_WORDS = ("锁", "冻结")
_NAME_WORDS = ("用户名", "登录账号", "账号是", "用手机号登录")
_LOG_OUT_WORDS = ("退出登录", "登出", "换个账号", "另一个账号")
_CLOSED_WORDS = ("停用", "禁用", "恢复登录")
_FOREIGN_WORDS = ("异地", "别人登", "别的城市", "谁改了")
_AGENCY_WORDS = ("代理", "法人", "公司", "招标人")
_ID_CARD = "身份证"
_TAKEN_WORDS = ("占", "被注册", "被别人", "其他账号", "别人名下", "其他专家", "别人在用", "别人的")
_DEAD = re.compile(
    r"停机|销号|注销|空号|欠费|号[^，。,]{0,6}(?:停|不用|没用|不能用|用不了|作废|丢|没了|没有了|换)"
    r"|(?:旧|老|原来的?|原|以前的?|之前的?)(?:手机)?号"
)
"""Words about a number on which the person gets no code any more."""
_BACKUP_WORDS = ("备用", "两个", "多登记", "再加", "备份")
_BACKUP_FIELD = "backup_mobile"


async def explain_code(turn: Turn) -> str:
    """Why no code comes or counts, its limits, and how to do without it."""
    hotline = pools.hotline(turn)
    if _mentions(turn, _NOT_WANTED):
        return _lines(_CODE_NOT_WANTED, commands.tap_lines(commands.NOT_ME, commands.HELP))
    limits = [] if _mentions(turn, _PUZZLES) else [_limits_of_codes(turn)]
    way = _NO_CODE_NEEDED if turn.user.bound else texts.LINK_HINT
    taps = (commands.MENU, commands.HELP) if turn.user.bound else (commands.BIND, commands.HELP)
    return _lines(_cause_of_code(turn), *limits, way, _STILL_NO_CODE.format(hotline=hotline), commands.tap_lines(*taps))


def _cause_of_code(turn: Turn) -> str:
    login = turn.services.deps.book(turn.user.pool).login
    if _mentions(turn, _PUZZLES):
        return _NO_PUZZLE.format(url=turn.services.deps.public_url)
    if _mentions(turn, _OTHER_WAYS):
        return _CODE_BY_SMS_ONLY
    if _mentions(turn, _ABROAD):
        return _MAINLAND_ONLY
    if _mentions(turn, _TOO_MANY):
        return _CODE_LIMITED
    if _mentions(turn, _WRONG_CODE):
        return _CODE_WRONG.format(
            length=login.code_length,
            tries=login.code_tries,
            failures=login.failures_before_lock,
            lock=print_length(login.lock_for),
        )
    return _CODE_MISSING


def _limits_of_codes(turn: Turn) -> str:
    login = turn.services.deps.book(turn.user.pool).login
    return _CODE_LIMITS.format(
        length=login.code_length,
        valid=print_length(login.code_valid),
        gap=print_length(login.code_gap),
        hour=login.codes_per_hour,
        day=login.codes_per_day,
    )


async def explain_log_in(turn: Turn) -> str:
    """How this person gets in, by what the sentence names. Raises Forbidden for a closed account."""
    who = await people.find_who(turn)
    lines, hotline = _lines_on_log_in(turn, who), pools.hotline(turn)
    if not any(hotline in line for line in lines):
        lines.append(_STILL_LOCKED_OUT.format(hotline=hotline))
    taps = (commands.MENU,) if who is not None else (commands.BIND, commands.HELP)
    if _mentions(turn, _FOREIGN_WORDS):
        taps = (commands.NOT_ME, *taps)
    return _lines(*lines, commands.tap_lines(*taps))


def _lines_on_log_in(turn: Turn, who: Who | None) -> list[str]:
    account = pools.page_line(turn, texts.ACCOUNT_PAGE, "account")
    if _mentions(turn, _FOREIGN_WORDS):
        return [_FOREIGN_LOG_IN.format(hotline=pools.hotline(turn)), account]
    if _mentions(turn, _LOG_OUT_WORDS):
        return [_LOG_OUT, account]
    if _mentions(turn, _CLOSED_WORDS):
        return [_CLOSED.format(hotline=pools.hotline(turn))]
    if _mentions(turn, _ROLE_WORDS):
        return _lines_on_roles(turn, who)
    if _mentions(turn, _AGENCY_WORDS):
        return [_AGENCY_LOG_IN, _log_in_page(turn)]
    if _mentions(turn, _LOCK_WORDS) or "密码" in turn.message.text:
        return _lines_on_passwords(turn)
    if _mentions(turn, _NAME_WORDS):
        return [_ACCOUNT_NAME.format(names=_login_names(turn)), _log_in_page(turn)]
    return [_LOG_IN_BOUND, account] if who is not None else _lines_unbound(turn)


def _lines_unbound(turn: Turn) -> list[str]:
    first = [_dead_mobile(turn), _MOBILE_ALIVE] if _DEAD.search(turn.message.text) else [_LOG_IN_UNBOUND]
    return [*first, _log_in_page(turn)]


def _lines_on_passwords(turn: Turn) -> list[str]:
    rules = turn.services.deps.book(turn.user.pool).registration
    if "password" not in rules.login_ways:
        return [_NO_PASSWORDS, _log_in_page(turn)]
    if _mentions(turn, _LOCK_WORDS):
        lock = print_length(rules.password.lock_for)
        return [_LOCKED.format(failures=rules.password.failures_before_lock, lock=lock), _log_in_page(turn)]
    initial = rules.password.initial_from_id
    return [
        _FORGOTTEN.format(tail=TAIL),
        _PASSWORD_RULE.format(rule=rules.password.rule()),
        *([_INITIAL_PASSWORD.format(tail=initial)] if initial else []),
        f"▸ {link(_FORGOTTEN_PAGE, _url(turn, f'/h5/forgot?pool={turn.user.pool}'))}",
        pools.page_line(turn, texts.PASSWORD_PAGE, "account/password"),
    ]


def _lines_on_roles(turn: Turn, who: Who | None) -> list[str]:
    page = f"▸ {link(_ROLE_PAGE, _url(turn, '/h5/role'))}"
    if who is None:
        return [_ROLES_AFTER_BINDING, page]
    labels = "、".join(wording.plain_text(role.label) for role in who.roles)
    roles = _ROLES.format(roles=labels) if labels else _NO_ROLE
    return [roles, page, _ROLE_MISSING.format(hotline=pools.hotline(turn))]


def _login_names(turn: Turn) -> str:
    names = turn.services.deps.book(turn.user.pool).registration.login_names
    return "、".join(LOGIN_NAMES[name] for name in names)


async def explain_mobile(turn: Turn) -> str:
    """The own number, masked, whether and how it can be changed now, and what the office does with a dead one."""
    if _mentions(turn, _BACKUP_WORDS):
        return await _answer_on_backup_mobile(turn)
    hotline = pools.hotline(turn)
    dead = _MOBILE_DEAD.format(hotline=hotline)
    lines = [_MAINLAND_ONLY] if _mentions(turn, _ABROAD) else []
    lines += [_MOBILE_TAKEN.format(hotline=hotline)] if _mentions(turn, _TAKEN_WORDS) else []
    page = pools.page_line(turn, _MOBILE_PAGE, "account/mobile")
    if turn.user.account_id is None:
        if _DEAD.search(turn.message.text) or "收不" in turn.message.text:
            return _lines(*lines, _dead_mobile(turn), _MOBILE_ALIVE, page, commands.tap_lines(commands.HELP))
        taps = commands.tap_lines(commands.BIND, commands.HELP)
        return _lines(*lines, _MOBILE_UNBOUND, *_how_often(turn), dead, page, taps)
    own = await _lines_on_own_mobile(turn, turn.user.account_id)
    return _lines(*lines, *own, dead, page, commands.tap_lines(commands.MENU))


def _dead_mobile(turn: Turn) -> str:
    """For who is not bound and gets no code: whom to call, and when."""
    book = turn.services.deps.book(turn.user.pool)
    hours = texts.HOTLINE_HOURS.format(hours=book.help.hours) if book.help.hours else ""
    return _MOBILE_DEAD_GUEST.format(hotline=book.pool.hotline, hours=hours)


async def _lines_on_own_mobile(turn: Turn, account_id: UUID) -> list[str]:
    me = Actor(turn.user.pool, "guest", account_id)
    profile = await turn.services.accounts.credentials.profile(me)
    filed = await turn.services.corrections.mobiles.own_waiting(me)
    filed_line = [_MOBILE_FILED.format(mobile=filed.masked_mobile, until=print_time(filed.until))] if filed else []
    if profile.mobile_free_at is not None:
        date = print_date(profile.mobile_free_at)
        return [*filed_line, _MOBILE_NOT_YET.format(mobile=profile.masked_mobile, date=date)]
    return [
        *filed_line,
        _MOBILE_IS.format(mobile=profile.masked_mobile),
        _confirmation(profile) + _MOBILE_USED,
        *_how_often(turn),
        *await _other_places(turn),
    ]


def _confirmation(profile: Profile) -> str:
    by_password = profile.has_password and not profile.password_initial
    return _CONFIRMED_BY_PASSWORD if by_password else _CONFIRMED_BY_CODE


def _how_often(turn: Turn) -> list[str]:
    every = turn.services.deps.book(turn.user.pool).registration.mobile_change_every
    return [_MOBILE_EVERY.format(every=print_length(every))] if every is not None else []


async def _other_places(turn: Turn) -> list[str]:
    """Where the mobile of staff is registered besides."""
    who = await people.find_who(turn) if people.may_work(turn) else None
    roles = {role.role for role in who.roles} if who is not None else set()
    lines = [_ALSO_AT_PLATFORM] if roles & {"agent", "organisation"} else []
    return [*lines, *([_ALSO_IN_DRAWS] if "supervisor" in roles else [])]


async def _answer_on_backup_mobile(turn: Turn) -> str:
    menu = commands.tap_lines(commands.MENU)
    if _BACKUP_FIELD not in turn.services.deps.book(turn.user.pool).form.used():
        return _lines(_BACKUP_NOT_HELD, pools.page_line(turn, _MOBILE_PAGE, "account/mobile"), menu)
    if (me := people.find_expert(turn)) is None:
        return _lines(_BACKUP_BY_FORM, commands.tap_lines(commands.APPLY, commands.MENU))
    own = await turn.services.applications.own_changes.read(me.actor)
    filed = next((field.filed for field in own.contacts if field.code == _BACKUP_FIELD), None)
    if filed is None:
        return await show_change_page(turn)
    answer = _BACKUP_IS.format(mobile=filed) if filed else _BACKUP_NONE
    return _lines(answer, pools.page_line(turn, _BACKUP_PAGE, "file/contacts"), menu)


def _mentions(turn: Turn, words: tuple[str, ...]) -> bool:
    text = turn.message.text.replace(_ID_CARD, "")
    return any(word in text for word in words)


def _url(turn: Turn, path: str) -> str:
    return f"{turn.services.deps.public_url}{path}"


def _log_in_page(turn: Turn) -> str:
    return f"▸ {link(_LOG_IN_PAGE, _url(turn, f'/h5/login?pool={turn.user.pool}'))}"


def _lines(*lines: str) -> str:
    return "\n".join(lines)


ANSWERS: Mapping[str, Handler] = {
    "account_close": registration.refer_to_closing,
    "login_trouble": explain_log_in,
    "mobile_change": explain_mobile,
    "sms_code": explain_code,
}
