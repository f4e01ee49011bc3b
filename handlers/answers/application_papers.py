"""Answers on what is handed in: files, the photograph, and the printed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.router import Handler
from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND, ApplicationState
from domain.forms.checking import fields_of
from domain.rulebook.form import EntryType, FormField
from handlers import commands, people, texts, wording
from handlers.answers.own_applications import (
    actor_of,
    ask_of,
    book_of,
    form_line,
    live_applications,
    name_of,
    page_line,
    read_applications,
)
from handlers.registration import closed_text
from services.applications import SIGNED_FORM, Progress, print_size, print_types

_PROBLEMS_SHOWN = 3
_S = ApplicationState

FORM_PAGE = "打开申请表"

FILES_OF = "{name}申请在网上提交，上传扫描件或照片："
FILES_REQUIRED = "必传：{labels}"
FILES_OPTIONAL = "选传：{labels}"
NO_FILES = "{name}申请不用上传材料，填写后在网上提交。"
FILE_HINT = "{label}：{hint}"
FILES_MISSING = "您还缺：{problems}"
FILES_PROVE = "材料要证明什么、要不要社保或工作证明，以征集公告为准；不清楚的请咨询{ask}。"
NO_FORM_FOR_EXPERTS = "您已在库，目前没有要您提交材料的申请；档案需要更正的，请拨打{hotline}。"

PHOTO = "{label}：{types}格式，不超过{size}，过大会自动压缩。{hint}"
PHOTO_LIKE = "底色、尺寸没有另外规定，请用清楚的正面证件照，以征集公告为准；不合格的会在审核意见里写明。"
PHOTO_RETURNED = "您的照片被退回：{opinion}"
REPLACE_PHOTO = "更换照片"
NO_PHOTO = "申请表没有照片这一项，不用上传；有疑问请拨打{hotline}。"

PRINT_AT_CHECK = "申请表填完后，在“核对提交”页点“打印表格”，可以打开，也可以发到邮箱。"
PRINT_NOT_ASKED = "{name}申请不要求先打印，填完直接提交；需要留存的可以打印。"
PRINT_LOCKS = "打印后填写的内容不能再改，请先核对。"
PRINT_SIGNED = "{label}：{hint}"
PRINT_UPLOAD = "打印后签字盖章，扫描上传。"
PRINT_STAMP = "盖哪个章、退休人员由谁盖章，请咨询{ask}。"
PRINTED_LOCKED = (
    "您的{name}申请已打印并锁定：请上传本次打印后签字盖章的扫描件。要改内容请拨打{hotline}解除锁定，改后须重新打印。"
)
PRINT_RETURNED = "退回内容包括盖章的申请表的，改好后须重新打印、签字盖章后上传；扫描件不能早于最近一次打印。"
PRINT_NOT_NEEDED = "您的{name}申请已提交，不用再打印；需要留存的随时可以打印："
NOTHING_TO_PRINT = "您没有办理中的申请，不用打印。"
PRINT_LAST = "需要留存的，可以打印上一份："
PRINT_PAGE = "打印{title}"
PRINT_BIND = "打印前请先绑定身份："
INFORMATION_SHEET = "您没有办理中的申请，不用打印申请表；专家信息表可以打开或发到邮箱："
INFORMATION_PAGE = "专家信息表"


async def list_files(turn: Turn) -> str:
    """The files that the person's present or next application takes, the required ones first."""
    applications = await read_applications(turn)
    live = live_applications(applications)
    expert = people.find_expert(turn)
    if not live and expert is None and (closed := closed_text(turn)):
        return closed
    entry_type = live[0].entry_type if live else await _next_entry_type(turn)
    if entry_type is None:
        hotline = book_of(turn).pool.hotline
        return f"{NO_FORM_FOR_EXPERTS.format(hotline=hotline)}\n{commands.tap_lines(commands.STATUS)}"
    lines = [*_file_lines(turn, entry_type), *await _missing_files(turn, live[:1])]
    lines.append(FILES_PROVE.format(ask=ask_of(turn, applications)))
    lines.append(form_line(turn, live))
    materials = await turn.services.files.material_queries.list_shown(turn.user.pool)
    return "\n".join([*lines, *[commands.tap_lines(commands.MATERIALS)] * bool(materials)])


async def _next_entry_type(turn: Turn) -> EntryType | None:
    """What the person would apply for now; None: an expert who can't apply for anything."""
    if people.find_expert(turn) is None:
        return "first"
    campaigns = book_of(turn).campaigns
    offered = {str(entry_type) for entry_type in campaigns.entry_types}
    if campaigns.required:
        announced = await turn.services.applications.campaign_queries.list_announced(turn.user.pool)
        taken = {kind for campaign in announced if campaign.state == "open" for kind in campaign.data.entry_types}
        offered &= taken | {"change"}
    order: tuple[EntryType, ...] = ("renewal", "education", "change")
    return next((entry_type for entry_type in order if entry_type in offered), None)


def _file_lines(turn: Turn, entry_type: EntryType) -> list[str]:
    book = book_of(turn)
    name = name_of(turn, entry_type)
    files = _file_fields(fields_of(book.form, entry_type))
    if not files:
        return [NO_FILES.format(name=name)]
    required = [label for label, field in files if field.required]
    optional = [label for label, field in files if not field.required]
    lines = [FILES_OF.format(name=name)]
    lines += [FILES_REQUIRED.format(labels="、".join(required))] if required else []
    lines += [FILES_OPTIONAL.format(labels="、".join(optional))] if optional else []
    signed = [(label, field) for label, field in files if field.single_use and field.hint]
    return [*lines, *[FILE_HINT.format(label=label, hint=field.hint) for label, field in signed]]


def _file_fields(fields: Mapping[str, FormField]) -> list[tuple[str, FormField]]:
    """Labels and fields that take files, columns of records among them."""
    files = []
    for field in fields.values():
        if field.kind == "file":
            files.append((field.label, field))
        files += [(f"{field.label}的{part.label}", part) for part in field.parts.values() if part.kind == "file"]
    return files


async def _missing_files(turn: Turn, filling: Sequence[Progress]) -> list[str]:
    """What the form that is being filled in still lacks of files."""
    lines = []
    for application in filling:
        if application.step is None or application.state not in IN_HAND:
            continue
        view = await turn.services.applications.queries.get_current(actor_of(turn), application.number)
        fields = book_of(turn).form.fields
        problems = [
            wording.plain_text(problem.message)
            for problem in view.problems
            if problem.field in fields and fields[problem.field].kind == "file"
        ]
        if problems:
            lines.append(FILES_MISSING.format(problems="".join(problems[:_PROBLEMS_SHOWN])))
    return lines


async def describe_photo(turn: Turn) -> str:
    applications = await read_applications(turn)
    returned = [place for each in applications for place in each.corrections if place.code == "photo"]
    lines = []
    for place in returned[:1]:
        lines.append(PHOTO_RETURNED.format(opinion=wording.plain_text(place.label)))
        lines += [page_line(turn, REPLACE_PHOTO, place.route)] if place.route else []
    book = book_of(turn)
    photo = book.form.used().get("photo")
    if photo is None or photo.file is None:
        return f"{NO_PHOTO.format(hotline=book.pool.hotline)}\n{commands.tap_lines(commands.GUIDE)}"
    rule = photo.file
    sizes = {"types": print_types(rule), "size": print_size(rule.size_max)}
    lines += [PHOTO.format(label=photo.label, hint=photo.hint, **sizes), PHOTO_LIKE]
    if not returned:
        lines.append(form_line(turn, applications))
    return "\n".join([*lines, commands.tap_lines(commands.GUIDE)])


# ---- the printed form


async def explain_printing(turn: Turn) -> str:
    """Where the form is printed, by where the application stands."""
    if turn.user.account_id is None:
        return "\n".join([*_printing_rules(turn, "first"), PRINT_BIND, commands.tap_lines(commands.BIND)])
    applications = await read_applications(turn)
    live = live_applications(applications)
    if not live and people.find_expert(turn) is not None:
        page = page_line(turn, INFORMATION_PAGE, f"/h5/{turn.user.pool}/papers/information")
        return f"{INFORMATION_SHEET}\n{page}\n{commands.tap_lines(commands.STATUS)}"
    if not applications:
        rules = _printing_rules(turn, "first")
        return "\n".join([texts.NO_APPLICATION, *rules, commands.tap_lines(commands.APPLY, commands.GUIDE)])
    if not live:
        last = applications[0]
        sheet = [PRINT_LAST, _sheet_line(turn, last)] if last.submitted_at is not None else []
        return "\n".join([NOTHING_TO_PRINT, *sheet, commands.tap_lines(commands.APPLY, commands.GUIDE)])
    return "\n\n".join(_printing_text(turn, application) for application in live)


def _printing_text(turn: Turn, application: Progress) -> str:
    book, name, sheet = book_of(turn), name_of(turn, application.entry_type), _sheet_line(turn, application)
    if application.state not in IN_HAND:
        lines = [PRINT_NOT_NEEDED.format(name=name), sheet]
    elif application.step is None:
        lines = [f"{application.headline}。{application.advice}", sheet]
    elif application.state == _S.LOCKED:
        form = page_line(turn, application.step.label, application.step.route)
        lines = [PRINTED_LOCKED.format(name=name, hotline=book.pool.hotline), form, sheet]
    else:
        form = page_line(turn, FORM_PAGE, application.step.route)
        rules = _printing_rules(turn, application.entry_type)
        returned = application.state != _S.DRAFT and book.form.papers.demands_print(application.entry_type)
        lines = [*([PRINT_RETURNED] if returned else rules), form]
    is_stamped = application.state in IN_HAND and SIGNED_FORM in book.form.of(application.entry_type).used()
    lines += [PRINT_STAMP.format(ask=wording.plain_text(application.ask))] * is_stamped
    return "\n".join(lines)


def _printing_rules(turn: Turn, entry_type: EntryType) -> list[str]:
    book = book_of(turn)
    papers, signed = book.form.papers, book.form.of(entry_type).used().get(SIGNED_FORM)
    name = name_of(turn, entry_type)
    lines = [] if papers.demands_print(entry_type) else [PRINT_NOT_ASKED.format(name=name)]
    lines += [PRINT_AT_CHECK, *[PRINT_LOCKS] * papers.print_locks]
    if signed is not None:
        lines.append(PRINT_SIGNED.format(label=signed.label, hint=signed.hint or PRINT_UPLOAD))
    return lines


def _sheet_line(turn: Turn, application: Progress) -> str:
    """The sheet itself; that of a change is asked for by number, since it may stand beside another application."""
    title = book_of(turn).form.papers.title_of(application.entry_type)
    number = f"?number={application.number}" if application.entry_type == "change" else ""
    return page_line(turn, PRINT_PAGE.format(title=title), f"/h5/{turn.user.pool}/papers/form{number}")


ANSWERS: Mapping[str, Handler] = {
    "materials_list": list_files,
    "photo_rules": describe_photo,
    "print_form": explain_printing,
}
