"""Answers on where an application stands: sent back, refused, incomplete, handed in with a mistake, not entered yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.router import Handler
from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND, ApplicationState
from domain.rulebook.book import Rulebook
from handlers import commands, people, wording
from handlers.answers.own_applications import (
    actor_of,
    bind_first,
    book_of,
    live_applications,
    name_of,
    page_line,
    stages_ahead,
)
from handlers.applications import blocks, home_text, progress_text
from services.applications import Home, Progress

_PROBLEMS_SHOWN = 3
_S = ApplicationState
_BACK = (_S.SENT_BACK, _S.CORRECTING)
_FILLING = (_S.DRAFT, _S.LOCKED)

FORM_PAGE = "打开申请表"
STATUS_PAGE = "申请进度"

NOT_SENT_BACK = "您的申请没有被退回。"
RESUMES_AT_SAME = "重新提交后从退回的环节接着审核，前面已通过的环节不用重审。"
RESUMES_AT_FIRST = "重新提交后从第一个环节开始审核。"
PRINT_AGAIN = "退回内容包括盖章的申请表的，须重新打印、签字盖章后上传。"

NOT_REFUSED = "您的申请没有作出“不通过”的决定。"
REFUSED_WITHOUT_OPINION = "没有登记审核意见，原因请按上面的电话咨询。"
MAY_APPLY_AGAIN = "现在可以重新申请："

MISSING = "您的{name}申请还有{count}处要补充："
MORE_MISSING = "……另有{count}处，在“核对提交”里逐项列出。"
MISSING_PAGE = "逐项补充"
NOTHING_MISSING = "您的{name}申请已填写完整，还差提交。"
SUBMIT_PAGE = "核对并提交"
DONE = "手续都办完了，您已入库。"
STAGES_AHEAD = "后面还有：{stages}。"
NOT_BEGUN = "您还没有开始申请。"

MAY_CHANGE_DRAFT = "您的{name}申请还没有提交，可以直接修改。"
LOCKED = (
    "您的{name}申请还没有提交，但打印后已锁定：附件可以换。其他内容要改请拨打{hotline}，"
    "由管理机构解除锁定，改好后须重新打印。"
)
MAY_WITHDRAW = "您的{name}申请还没有部门作出决定，可以先撤回再修改{but}；改好须重新提交、重新审核。"
WITHDRAW_PAGE = "去撤回"
KEPT_BY_PRINT = "打印时锁定的内容不能改，只能换附件等。"
BUT_SPECIALTIES = "（评标专业除外：提交后，本次征集期间不能改）"
DECIDED = "您的{name}申请已有部门作出决定，现在不能撤回，请等结果；确实填错的，请咨询{ask}，能否退回由审核人员决定。"
NOT_WITHDRAWN = "您的{name}申请提交后不能撤回，请等审核结果；确实填错的，请咨询{ask}。"
PASSED_REVIEW = "您的{name}申请审核已通过，现在不能修改。身份信息有误请拨打{hotline}。"
CHANGE_LATER = "其他信息入库后可以办理{title}。"
ENDED = "您没有办理中的申请，不能修改。"
GUEST_MAY_WITHDRAW = "提交后、还没有部门作出决定前，可以撤回修改；作出决定后要等审核结果。看您自己的申请："
GUEST_NOT_WITHDRAWN = "提交后不能撤回，要等审核结果。看您自己的申请："

ENTRY_AFTER = "依次办完{stages}才算入库，没有统一的日期。看您自己的申请："
ENTERED = "您已入库，编号{number}（{status}）。"
TEMPORARY = "您目前是{status}，编号{number}。"
DRAWN_NOW = "您现在正常参加抽取，是否抽到是随机的。"
NOT_DRAWN_NOW = "但目前的抽取不会抽到您："
ENTRY_NOTIFIED = "全部办完才入库，没有统一的日期；入库会通知您，入库后是否抽到是随机的。"


async def show_returned(turn: Turn) -> str:
    """What was sent back, and what handing in again leads to; else where the application stands."""
    if turn.user.account_id is None:
        return bind_first()
    return _returned_text(turn, await turn.services.applications.to_dos.progress(turn.user.account_id))


def _returned_text(turn: Turn, applications: Sequence[Progress]) -> str:
    returned = [application for application in applications if application.state in _BACK]
    if not returned:
        state = progress_text(turn, applications)
        return f"{NOT_SENT_BACK}\n{state}" if applications else state
    lines = [blocks(turn, returned)]
    in_time = [each for each in returned if each.step is not None and (each.state == _S.SENT_BACK or each.opinion)]
    if in_time:
        book = book_of(turn)
        lines.append(RESUMES_AT_SAME if book.review.resume == "same" else RESUMES_AT_FIRST)
        lines += [PRINT_AGAIN] * any(book.form.papers.demands_print(each.entry_type) for each in in_time)
    return "\n".join(lines)


async def explain_refusal(turn: Turn) -> str:
    """The reviewers' opinion on an application that was refused, and whether another may follow."""
    if turn.user.account_id is None:
        return bind_first()
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    refused = [application for application in applications if application.state == _S.REFUSED]
    if refused:
        return "\n".join([blocks(turn, refused), *await _lines_after_refusal(turn, refused[0])])
    if any(application.state in _BACK for application in applications):
        return _returned_text(turn, applications)
    state = progress_text(turn, applications)
    return f"{NOT_REFUSED}\n{state}" if any(each.ended_at is None for each in applications) else state


async def _lines_after_refusal(turn: Turn, refused: Progress) -> list[str]:
    lines = [] if refused.opinion else [REFUSED_WITHOUT_OPINION]
    refusal = await turn.services.applications.drafts.find_refusal(actor_of(turn), refused.entry_type)
    return [*lines, refusal or MAY_APPLY_AGAIN, commands.tap_lines(commands.GUIDE if refusal else commands.APPLY)]


async def list_missing(turn: Turn) -> str:
    """What the person has to do next; of an application that is being filled in, what the form still lacks."""
    if turn.user.account_id is None:
        return bind_first()
    home = await turn.services.applications.to_dos.home(turn.user.pool, turn.user.account_id)
    filling = [each for each in home.progress if each.state in _FILLING and each.step is not None]
    if filling:
        return "\n\n".join([await _missing_text(turn, application) for application in filling])
    if any(application.state in _BACK for application in home.progress):
        return _returned_text(turn, home.progress)
    if home.progress and not home.to_do and people.find_expert(turn) is None:
        return progress_text(turn, home.progress)
    return "\n".join([*_heads(turn, home), home_text(turn, home)])


async def _missing_text(turn: Turn, application: Progress) -> str:
    """The first problems of the form, and the page that lists all of them."""
    view = await turn.services.applications.queries.get_current(actor_of(turn), application.number)
    name, count = name_of(turn, application.entry_type), len(view.problems)
    page = _form_route(application, "#check")
    if not count:
        return "\n".join([NOTHING_MISSING.format(name=name), application.advice, page_line(turn, SUBMIT_PAGE, page)])
    lines = [MISSING.format(name=name, count=count)]
    lines += [f"· {wording.plain_text(problem.message)}" for problem in view.problems[:_PROBLEMS_SHOWN]]
    if count > _PROBLEMS_SHOWN:
        lines.append(MORE_MISSING.format(count=count - _PROBLEMS_SHOWN))
    return "\n".join([*lines, application.advice, page_line(turn, MISSING_PAGE, page)])


def _heads(turn: Turn, home: Home) -> list[str]:
    live = live_applications(home.progress)
    if live:
        return [STAGES_AHEAD.format(stages=stages) for each in live if (stages := stages_ahead(each))]
    if people.find_expert(turn) is not None:
        return [] if home.to_do else [DONE]
    return [] if home.progress else [NOT_BEGUN]


async def explain_changing(turn: Turn) -> str:
    """Whether what was handed in can still be changed, and how."""
    if turn.user.account_id is None:
        general = GUEST_MAY_WITHDRAW if book_of(turn).review.withdraw_undecided else GUEST_NOT_WITHDRAWN
        return f"{general}\n{commands.tap_lines(commands.BIND)}"
    return await changing_text(turn, await turn.services.applications.to_dos.progress(turn.user.account_id))


async def changing_text(turn: Turn, applications: Sequence[Progress]) -> str:
    """The same of these applications: of the live ones, each its own text."""
    live = live_applications(applications)
    if not live:
        return f"{ENDED}\n{commands.tap_lines(commands.APPLY, commands.PROGRESS)}"
    parts = [await _changing_part(turn, application) for application in live]
    first_tap = commands.MEND if any(application.state in _BACK for application in live) else commands.PROGRESS
    return "\n\n".join(parts) + f"\n{commands.tap_lines(first_tap, commands.GIVE_UP)}"


async def _changing_part(turn: Turn, application: Progress) -> str:
    name, hotline = name_of(turn, application.entry_type), book_of(turn).pool.hotline
    if application.state in IN_HAND and application.step is None:
        return f"{application.headline}。{application.advice}"
    if application.state in _BACK and application.step is not None:
        page = page_line(turn, application.step.label, application.step.route)
        return f"{application.headline}。{application.advice}\n{page}"
    if application.state == _S.DRAFT:
        form = page_line(turn, FORM_PAGE, _form_route(application))
        return f"{MAY_CHANGE_DRAFT.format(name=name)}\n{form}"
    if application.state == _S.LOCKED:
        form = page_line(turn, FORM_PAGE, _form_route(application))
        return f"{LOCKED.format(name=name, hotline=hotline)}\n{form}"
    if application.state == _S.REVIEWING:
        return await _changing_under_review(turn, application)
    lines = [PASSED_REVIEW.format(name=name, hotline=hotline)]
    campaigns = book_of(turn).campaigns
    lines += [CHANGE_LATER.format(title=campaigns.change_title)] * ("change" in campaigns.entry_types)
    return "\n".join(lines)


async def _changing_under_review(turn: Turn, application: Progress) -> str:
    book, name = book_of(turn), name_of(turn, application.entry_type)
    ask = wording.plain_text(application.ask)
    if not book.review.withdraw_undecided:
        return NOT_WITHDRAWN.format(name=name, ask=ask)
    view = await turn.services.applications.queries.get_current(actor_of(turn), application.number)
    if "withdraw" not in view.may:
        return DECIDED.format(name=name, ask=ask)
    but = BUT_SPECIALTIES if book.form.specialties.fixed_once_submitted else ""
    lines = [MAY_WITHDRAW.format(name=name, but=but)]
    lines += [KEPT_BY_PRINT] * book.form.papers.print_locks
    return "\n".join([*lines, page_line(turn, WITHDRAW_PAGE, application.page)])


async def tell_entry(turn: Turn) -> str:
    """Whether the person is in the pool; else what is still ahead before the entry."""
    if turn.user.account_id is None:
        return f"{ENTRY_AFTER.format(stages='、'.join(_stages_of(book_of(turn))))}\n{commands.tap_lines(commands.BIND)}"
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    entering = [each for each in applications if each.ended_at is None and each.entry_type in ("first", "renewal")]
    me = people.find_expert(turn)
    if me is not None:
        parts = [await _entered_text(turn, me), *[_entering_text(turn, each) for each in entering]]
        return "\n\n".join(parts) + f"\n{commands.tap_lines(commands.STATUS, commands.CHANCES)}"
    if entering:
        return "\n".join([_entering_text(turn, entering[0]), *_taps(entering[0])])
    if any(application.state == _S.REFUSED for application in applications):
        return await explain_refusal(turn)
    return progress_text(turn, applications)


async def _entered_text(turn: Turn, me: people.Me) -> str:
    profile = await turn.services.experts.profiles.profile(me.actor)
    chances = await turn.services.expert_file_views.own_chances.read(me.actor)
    status = profile.membership_status
    lines = [(TEMPORARY if status.kind == "temporary" else ENTERED).format(number=profile.number, status=status.text)]
    lines.append(NOT_DRAWN_NOW if chances.bars else DRAWN_NOW)
    return "\n".join([*lines, *[f"· {wording.plain_text(reason.text)}" for reason in chances.bars]])


def _entering_text(turn: Turn, application: Progress) -> str:
    stages = stages_ahead(application)
    return "\n".join(
        [
            application.headline,
            application.advice,
            STAGES_AHEAD.format(stages=stages),
            ENTRY_NOTIFIED,
            page_line(turn, STATUS_PAGE, application.page),
        ]
    )


def _taps(application: Progress) -> list[str]:
    words = {_S.FEE: commands.PAY, _S.EXAM: commands.EXAM}
    word = words.get(_S(application.state))
    return [commands.tap_lines(word)] if word is not None else []


def _stages_of(book: Rulebook) -> list[str]:
    names = book.entry.names
    later = [str(getattr(names, stage)) for stage in book.entry.stages]
    return [names.form, *(step.name for step in book.review.steps), *later]


def _form_route(application: Progress, anchor: str = "") -> str:
    """The page that fills in an application that is in the person's hand."""
    return f"{application.step.route}{anchor}" if application.step is not None else application.page


ANSWERS: Mapping[str, Handler] = {
    "change_submitted": explain_changing,
    "returned": show_returned,
    "rejected": explain_refusal,
    "what_missing": list_missing,
    "entry_when": tell_entry,
}
