"""Items that are hard to write down in a text format."""

from __future__ import annotations

from domain.exams.items import ItemData, ItemKind, mask_of, tidy_item
from domain.exams.questions import Question, print_question

ITEMS: tuple[tuple[ItemData, str, str], ...] = tuple(
    (tidy_item(data), code, case)
    for data, code, case in (
        (
            ItemData(ItemKind.SINGLE, "成员人数为（ ）。", ("3人", "5人"), 2, chapter="组成", basis="第三十七条"),
            "T1",
            "",
        ),
        (
            ItemData(
                ItemKind.SINGLE,
                "用 {花括号}、=、~、#、: 和 \\ 写成的题干 <b>&amp; “引号”",
                ("a=b", "~c", "#d", "e: {f} \\g", "->", "%50%"),
                mask_of("D"),
                chapter="符号/斜杠",
                difficulty=5,
                explanation="第一行\n第二行：{=对 ~错}####",
                fixed_order=True,
            ),
            "",
            "",
        ),
        (ItemData(ItemKind.MULTIPLE, "多选", tuple("甲乙丙丁戊己庚"), mask_of("ACE"), chapter="符号/斜杠"), "T-3", ""),
        (ItemData(ItemKind.MULTIPLE, "只有一个对", ("甲", "乙", "丙"), mask_of("B"), chapter="组成"), "", ""),
        (ItemData(ItemKind.MULTIPLE, "都对", ("甲", "乙", "以上都对"), 7, chapter="组成", fixed_order=False), "", ""),
        (ItemData(ItemKind.TRUE_FALSE, "可以少于五人。", key=2, chapter="组成", explanation="不得少于。"), "", ""),
        (ItemData(ItemKind.TRUE_FALSE, "//不是注释", key=1, chapter="组成"), "", ""),
        (ItemData(ItemKind.SHORT, "[html]简述回避。", answer="一、…\n二、=…", chapter="回避"), "", ""),
        (ItemData(ItemKind.CASE, "$CATEGORY: 某项目\n于3月1日开标。", chapter="案例"), "C1", "C1"),
        (ItemData(ItemKind.SINGLE, "是否合法？", ("合法]", "不合法"), 2, chapter="案例", basis="第[1]条\\"), "", "C1"),
    )
)


def printed() -> list[Question]:
    """Numbered from 1, as a reader numbers them."""
    return [print_question(at, data, code=code, case=case) for at, (data, code, case) in enumerate(ITEMS, 1)]
