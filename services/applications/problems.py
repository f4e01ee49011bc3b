"""All problems of a form at once, one sentence per field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import InvalidInput
from domain.experts.file import ExpertFile
from domain.forms.checking import FieldProblem, check_complete, fields_of
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.applications import Application, Attachment
from services.applications.applicants import facts_of, today
from services.applications.held_files import HeldFiles, find_held_files
from services.applications.kept_fields import find_filed
from services.applications.repository import FixedChoice, editable_fields, fixed_choice, type_of
from services.catalogue_codes import CatalogueCodes
from services.core.base import Deps

PROBLEMS_MAX = 50
_UNCHANGED = "内容与档案相同，没有任何变更。请修改需要变更的内容后再提交。"


def refusal(problems: Sequence[FieldProblem], message: str, code: str) -> InvalidInput:
    """An InvalidInput whose ``params["problems"]`` lists ``{field, message}`` in the form's order.

    ``message`` introduces them; a single problem is the message itself.
    """
    first = problems[0]
    text = first.message if len(problems) == 1 else f"{message}，共{len(problems)}处，请按提示修改。"
    listed = [{"field": problem.field, "message": problem.message} for problem in problems[:PROBLEMS_MAX]]
    return InvalidInput(text, code=code, field=first.field, params={"problems": listed, "count": len(problems)})


async def find_problems(
    deps: Deps,
    book: Rulebook,
    application: Application,
    account: Account,
    values: Mapping[str, object],
    codes: CatalogueCodes,
) -> list[FieldProblem]:
    """All problems that prevent submission, in the form's order, except the window."""
    attachments = await Attachment.filter(application_id=application.id, state="ready").order_by("row", "id")
    return problems_of(
        deps,
        book,
        application,
        account,
        values,
        codes,
        fixed=await fixed_choice(application, book),
        filed=await find_filed(deps, book, application),
        attached=count_ready(attachments),
        held=await find_held_files(deps, book, application, attachments),
    )


def problems_of(
    deps: Deps,
    book: Rulebook,
    application: Application,
    account: Account,
    values: Mapping[str, object],
    codes: CatalogueCodes,
    *,
    fixed: FixedChoice,
    filed: Mapping[str, object],
    attached: Mapping[str, int],
    held: HeldFiles,
) -> list[FieldProblem]:
    """The same for an application whose data are loaded."""
    problems = check_complete(
        fixed.form(book),
        values,
        attached,
        entry_type=type_of(application),
        person=facts_of(deps, account),
        catalogue=codes.without_ended(today(deps)),
        today=today(deps),
        unchanged={code for code, value in filed.items() if values.get(code) == value},
        optional=_never_filed(book, {*filed, *held.codes}) if application.entry_type == "change" else (),
    )
    if application.entry_type == "change" and not (problems or held.are_changed or _changes(book, values, filed)):
        problems.append(FieldProblem(_first_field(book), _UNCHANGED))
    return [*_answerable(application, book, problems)]


def _never_filed(book: Rulebook, filed: Collection[str]) -> set[str]:
    """Fields that a change need not fill in: what the file lacks is not its subject. What the file holds can't be
    emptied."""
    fields = fields_of(book.form, "change")
    return {code for code, field in fields.items() if code not in filed and not field.of_application}


def _changes(book: Rulebook, values: Mapping[str, object], filed: Mapping[str, object]) -> bool:
    """Whether the form of a change says anything else than the file."""
    fields = fields_of(book.form, "change")
    told = {code: values.get(code) for code, field in fields.items() if field.is_filed}
    return bool(ExpertFile(filed).difference(told))


def _first_field(book: Rulebook) -> str:
    return next(code for code, field in fields_of(book.form, "change").items() if field.is_filed)


def _answerable(application: Application, book: Rulebook, problems: Sequence[FieldProblem]) -> Iterator[FieldProblem]:
    """Problems that the person has to solve.

    Submitted values that are not open to correction were valid under the rules and the age of that day. Only the office
    can solve problems of fields locked by printing.
    """
    editable = editable_fields(application, book)
    for problem in problems:
        field = problem.field.partition("[")[0].partition(".")[0]
        if application.round > 0 and field not in editable:
            continue
        typed = field in book.form.used() and not book.form.fields[field].account
        if application.state == ApplicationState.LOCKED and typed and field not in editable:
            text = f"{problem.message}表格打印后已锁定，请拨打{book.pool.hotline}解除锁定。"
            yield FieldProblem(problem.field, text)
        else:
            yield problem


async def count_attachments(application_id: UUID) -> dict[str, int]:
    """Number of ready files, by field; for a column of records with its row: ``work_history[0].proof``."""
    return count_ready(await Attachment.filter(application_id=application_id, state="ready"))


def count_ready(files: Sequence[Attachment]) -> dict[str, int]:
    """The same for loaded files."""
    return Counter(place_of(file.field, file.row) for file in files if file.state == "ready")


def place_of(field: str, row: int) -> str:
    """The field of a file, as problems name it."""
    records, dot, column = field.partition(".")
    return f"{records}[{row}].{column}" if dot else field
