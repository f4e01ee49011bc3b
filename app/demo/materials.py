"""Two real files for the demonstration's 资料下载: how to apply, and what to prepare, from the rulebook."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from domain.clock import print_date
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FileRule, FormField
from gateways.document_renderer import TypstRenderer
from models.materials import Material
from services.core.base import Deps, system
from services.files import MaterialData, MaterialQueries, Materials, SealedFiles
from services.inspection.checker import FileChecker

Content = dict[str, object]
_WORDS = {"jpg": "JPG", "png": "PNG", "pdf": "PDF"}


async def load_materials(deps: Deps, store: SealedFiles, renderer: TypstRenderer, pool: str) -> int:
    """Store the files and return their number; none if the pool offers some already."""
    if await Material.exists(pool=pool):
        return 0
    book = deps.book(pool)
    day = print_date(deps.now())
    materials = Materials(deps, store, FileChecker(), MaterialQueries(deps, store))
    made = [
        (
            MaterialData("申报材料准备清单", "资格审查材料", note="申请前请逐项备齐，手机拍照或扫描均可。"),
            checklist(book, day),
        ),
        (
            MaterialData("评标专家申报指南", "操作手册", note="从注册到入库的步骤、咨询电话和常见问题。"),
            guide(book, day),
        ),
    ]
    documents = [await renderer.render_pdf("handout", content) for _, content in made]
    await asyncio.gather(
        *(materials.add(system(pool), data, document) for (data, _), document in zip(made, documents, strict=True))
    )
    return len(made)


def guide(book: Rulebook, day: str) -> Content:
    """Guide to entry: steps, contacts, frequently asked questions."""
    return _handout(
        book,
        day,
        "评标专家申报指南",
        _part("办理流程", lines=book.help.guide.split("\n")),
        _part("咨询电话", lines=list(book.help.hotlines)),
        _part("常见问题", asked=[[faq.question, faq.answer] for faq in book.help.faq]),
    )


def checklist(book: Rulebook, day: str) -> Content:
    """Every file that the form requires, and what must be typed."""
    files = [[label, "必交" if field.required else "选交", _file_limits(field.file)] for label, field in _files(book)]
    typed = [
        f"{section.title}：{'、'.join(labels)}"
        for section in book.form.of("first").sections.values()
        if (labels := [book.form.fields[code].label for code in section.fields if _is_typed(book.form.fields[code])])
    ]
    return _handout(
        book,
        day,
        "申报材料准备清单",
        _part("需要上传的材料", columns=["材料", "要求", "格式"], rows=files),
        _part("需要填写的内容", lines=typed),
        _part(
            "拍照和扫描",
            lines=["证件四角完整、文字清晰，无反光、无遮挡。", "需要签字盖章的表格，请打印签字盖章后再扫描上传。"],
        ),
    )


def _files(book: Rulebook) -> Iterator[tuple[str, FormField]]:
    for field in book.form.of("first").used().values():
        if field.file is not None:
            yield field.label, field
        for column in field.parts.values():
            if column.file is not None:
                yield f"{field.label}：{column.label}", column


def _is_typed(field: FormField) -> bool:
    return field.file is None and not field.account


def _file_limits(rule: FileRule | None) -> str:
    if rule is None:
        return ""
    count = f"，最多{rule.count_max}个" if rule.count_max > 1 else ""
    return f"{'、'.join(_WORDS[kind] for kind in rule.types)}，每个不超过{rule.size_max // 1_000_000}MB{count}"


def _part(title: str, **more: object) -> Mapping[str, object]:
    return {"title": title, "lines": [], "columns": [], "rows": [], "asked": []} | more


def _handout(book: Rulebook, day: str, title: str, *parts: Mapping[str, object]) -> Content:
    return {"title": title, "pool": book.pool.name, "foot": [f"{book.pool.name} {day}"], "parts": list(parts)}
