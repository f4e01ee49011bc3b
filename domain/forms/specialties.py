"""Checks the choice of specialties (评标专业) against a pool's rule.

Levels follow from the length of a code: class A is 0, A01 is 1, A0101 is 2, A010101 is 3. Only leaves can be chosen; a
second level without children counts as a third level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.catalogues import full_name
from domain.forms.values import CatalogueView, FieldProblem
from domain.rulebook.form import Specialties

FIELD = "specialties"
_LEVELS = {1: 0, 3: 1, 5: 2, 7: 3}


def level_of(code: str) -> int:
    """0 to 3. Raises KeyError for an invalid code."""
    return _LEVELS[len(code)]


def check_specialties(
    rule: Specialties,
    chosen: Sequence[Mapping[str, str]],
    catalogue: CatalogueView,
    *,
    complete: bool = True,
    path: str = FIELD,
) -> list[FieldProblem]:
    """Problems of ``chosen``, each ``{"code", "choice"}``; ``complete`` False: it may still grow (a draft)."""
    problems = [*_row_problems(rule, chosen, catalogue, path)]
    codes = [row["code"] for row in chosen if catalogue.exists("specialty", row["code"])]
    problems += [FieldProblem(path, message) for message in _count_problems(rule, chosen, codes, catalogue)]
    if complete and len(chosen) < rule.count_min:
        problems.append(FieldProblem(path, f"评标专业至少选择{rule.count_min}个，请补充选择。"))
    elif complete and rule.preferred and not any(row.get("choice") == "preferred" for row in chosen):
        problems.append(FieldProblem(path, "请至少指定一个首选专业。"))
    return problems


def _row_problems(
    rule: Specialties, chosen: Sequence[Mapping[str, str]], catalogue: CatalogueView, path: str
) -> Iterator[FieldProblem]:
    earlier_codes: set[str] = set()
    for index, row in enumerate(chosen):
        if message := _code_problem(rule, row["code"], earlier_codes, catalogue):
            yield FieldProblem(f"{path}[{index}]", message)
        elif not rule.preferred and row.get("choice", "preferred") != "preferred":
            yield FieldProblem(f"{path}[{index}]", "本专家库不区分首选和备选专业，请重新选择。")
        earlier_codes.add(row["code"])


def _code_problem(rule: Specialties, code: str, earlier_codes: set[str], catalogue: CatalogueView) -> str:
    if len(code) not in _LEVELS or not catalogue.exists("specialty", code):
        return "没有这个评标专业，请从专业目录中重新选择。"
    name = full_name("specialty", code, catalogue)
    if code in earlier_codes:
        return f"“{name}”重复选择，请删去一个。"
    if rule.classes and code[0] not in rule.classes:
        classes = "、".join(catalogue.name("specialty", class_code) for class_code in rule.classes)
        return f"“{name}”不在可选大类（{classes}）内，请重新选择。"
    if catalogue.has_children("specialty", code):
        return f"“{name}”下还有细分专业，请选到最末一级。"
    if level_of(code) < (3 if rule.third_level_only else 2):
        return f"“{name}”不是三级专业，请选择三级专业。"
    return ""


def _count_problems(
    rule: Specialties, chosen: Sequence[Mapping[str, str]], codes: Sequence[str], catalogue: CatalogueView
) -> Iterator[str]:
    if len(chosen) > rule.count_max:
        yield f"评标专业最多选择{rule.count_max}个，现有{len(chosen)}个，请删去多余的。"
    for length, most, level in (
        (1, 1 if rule.one_class else None, "大类"),
        (3, rule.level_1_max, "一级类别"),
        (5, rule.level_2_max, "二级类别"),
    ):
        groups = sorted({code[:length] for code in codes if len(code) >= length})
        if most is not None and len(groups) > most:
            names = "；".join(full_name("specialty", group, catalogue) for group in groups)
            yield f"{level}最多选择{most}个，现有{len(groups)}个（{names}），请只保留{most}个{level}下的专业。"
