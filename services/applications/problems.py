"""All problems of a form at once: one sentence beside each field."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import InvalidInput
from domain.forms.checking import FieldProblem

PROBLEMS_MAX = 50


def refusal(problems: Sequence[FieldProblem], message: str, code: str) -> InvalidInput:
    """An InvalidInput whose ``params["problems"]`` lists ``{field, message}`` in the form's order.

    ``message`` introduces them; with a single one it says it itself.
    """
    first = problems[0]
    text = first.message if len(problems) == 1 else f"{message}，共{len(problems)}处，请按提示修改。"
    listed = [{"field": one.field, "message": one.message} for one in problems[:PROBLEMS_MAX]]
    return InvalidInput(text, code=code, field=first.field, params={"problems": listed, "count": len(problems)})
