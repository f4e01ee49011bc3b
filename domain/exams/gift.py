"""GIFT, Moodle's text format for questions: the part that fits the kinds of the bank.

Facts that GIFT can't express stand as tags in the comment before a question, as in Moodle: ``// [id:T00001]
[tag:难度:3] [tag:依据:…] [tag:案例:A1] [tag:选项顺序:固定]``. A chapter is a category.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from domain.exams.items import LETTERS, TRUE_FALSE, ItemKind
from domain.exams.markup import TEXT_FORMS, BadMarkup, TextForm, needs_plain_mark, read_markup
from domain.exams.questions import Question, QuestionFileError, fold_word

TAGS = {"difficulty": "难度", "basis": "依据", "case": "案例", "order": "选项顺序"}
"""Facts of an item that are written as tags."""
QUESTION_MAX = 20_000
"""Characters."""
_SPECIAL = "~=#{}:"
_TAG = re.compile(r"\[(?P<name>id|tag):(?P<value>(?:\\.|[^\]\\])*+)(?P<end>\]|\\?\Z)", re.DOTALL)
"""A tag without an end reaches to the end of the comment, so that no character is read twice."""
_FORMAT = re.compile(rf"\s*\[({'|'.join(TEXT_FORMS)})\]")
_ESCAPED = re.compile(r"\\([\\~=#{}:n])")
"""Other backslashes are text."""
_TAGS_ONLY = re.compile(r"(?:\s|<[^<>]*>)*")
_WEIGHT = re.compile(r"^%(?P<weight>-?\d{1,3}(?:\.\d{1,5})?)%")
_TRUTH = {"T": 0, "TRUE": 0, "F": 1, "FALSE": 1}
_CATEGORY = "$CATEGORY:"


@dataclass
class _Block:
    """The lines of one question and of the comments before it."""

    lines: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Choice:
    """``sign`` is = or ~; ``weight`` in per cent, None where none is given."""

    sign: str
    text: str
    weight: float | None


class _BadQuestion(Exception):
    """A question that can't be parsed; the text is the reason."""


def read(text: str, most: int) -> Iterator[Question]:
    """The questions of a file, bad ones with their ``problem``. Raises QuestionFileError for none or too many."""
    number, chapter = 0, ""
    for block in _blocks(text):
        first = block.lines[0].strip()
        if first.upper().startswith(_CATEGORY):
            chapter = _chapter(first[len(_CATEGORY) :])
            continue
        number += 1
        if number > most:
            raise QuestionFileError(f"一次最多导入{most}题，请拆分后分批导入。")
        yield _question(number, block, chapter)
    if not number:
        raise QuestionFileError("文件中没有题目，请检查是否为GIFT格式。")


def write(questions: Iterable[Question]) -> str:
    """A file that ``read`` reads back as the same questions."""
    parts, chapter = list[str](), ""
    for question in questions:
        if question.chapter != chapter:
            chapter = question.chapter
            parts.append(f"{_CATEGORY} {chapter.replace('/', '//')}")
        parts.append(_print(question))
    return "\n\n".join(parts) + "\n"


# ---- reading


def _blocks(text: str) -> Iterator[_Block]:
    """Questions are separated by an empty line; a category needs none."""
    block = _Block()
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        stripped = line.strip()
        if stripped.startswith("//"):
            block.tags |= _tags(stripped)
        elif stripped.upper().startswith(_CATEGORY) and not block.lines:
            yield _Block([line])
        elif stripped:
            block.lines.append(line)
        elif block.lines:
            yield block
            block = _Block()
    if block.lines:
        yield block


def _tags(comment: str) -> dict[str, str]:
    tags = dict[str, str]()
    for match in _TAG.finditer(comment):
        if match["end"] != "]":
            break
        value = re.sub(r"\\(.)", r"\1", match["value"]).strip()
        if match["name"] == "id":
            tags["code"] = value
            continue
        label, _, text = value.partition(":")
        tags |= {name: text.strip() for name, title in TAGS.items() if title == label}
    return tags


def _chapter(path: str) -> str:
    """The last part of ``$course$/top/章节``; a slash in a name is doubled."""
    return re.split(r"(?<!/)/(?!/)", path.strip())[-1].replace("//", "/").strip()


def _question(number: int, block: _Block, chapter: str) -> Question:
    text = "\n".join(block.lines)
    try:
        if len(text) > QUESTION_MAX:
            raise _BadQuestion(f"一道题最多{QUESTION_MAX}个字符，请检查花括号是否成对")
        question = _body(_strip_title(text))
    except (_BadQuestion, BadMarkup) as bad:
        return Question(number, problem=str(bad))
    tags = {"code": "", **dict.fromkeys(TAGS, ""), **block.tags}
    return replace(
        question,
        number=number,
        chapter=chapter,
        code=tags["code"],
        difficulty=tags["difficulty"],
        basis=tags["basis"],
        case=tags["case"],
        order=tags["order"],
    )


def _strip_title(text: str) -> str:
    stripped = text.strip()
    if not stripped.startswith("::"):
        return stripped
    end = _find(stripped, "::", 2)
    if end < 0:
        raise _BadQuestion("标题的::不成对")
    return stripped[end + 2 :]


def _body(text: str) -> Question:
    form, text = _split_form(text, "moodle")
    begin, end = _find(text, "{"), _find(text, "}")
    if begin < 0 and end < 0:
        return Question(0, ItemKind.CASE.label, _show(text, form))
    if begin < 0 or end < begin or _find(text, "{", begin + 1) >= 0 or _find(text, "}", end + 1) >= 0:
        raise _BadQuestion("每道题应有且只有一对花括号{}，文中的花括号前请加\\")
    before, after = text[:begin].rstrip(), text[end + 1 :].lstrip()
    inside, general = _split_general(text[begin + 1 : end])
    question = _answers(inside, form)
    gap = "（　）" if question.options and not _TAGS_ONLY.fullmatch(after) else ""
    stem = _show(f"{before}{gap}{after}", form)
    return replace(question, stem=stem, explanation=_read_text(general, form))


def _answers(inside: str, form: TextForm) -> Question:
    text = inside.strip()
    if not text:
        return Question(0, ItemKind.SHORT.label)
    truth = _TRUTH.get(fold_word(text.partition("#")[0]))
    if truth is not None:
        return Question(0, ItemKind.TRUE_FALSE.label, answer=TRUE_FALSE[truth])
    if text.startswith("#"):
        raise _BadQuestion("不支持数值题，请改为单选题或简答题")
    choices = _choices(text, form)
    if len(choices) > 1 and all(choice.sign == "=" and "->" in choice.text for choice in choices):
        raise _BadQuestion("不支持匹配题，请改为单选题")
    if all(choice.sign == "=" and choice.weight is None for choice in choices):
        return Question(0, ItemKind.SHORT.label, answer="\n".join(choice.text for choice in choices))
    return _choice_question(choices)


def _choice_question(choices: Sequence[_Choice]) -> Question:
    """One option with =, the others with ~, is a single choice; options with weights above 0 are the key of a multiple
    choice."""
    signed = [at for at, choice in enumerate(choices) if choice.sign == "="]
    weighed = [at for at, choice in enumerate(choices) if (choice.weight or 0) > 0]
    if len(signed) > 1 or (signed and set(weighed) - set(signed)):
        raise _BadQuestion("单选题只能有一个=，多选题的每个选项都以~%分值%开头")
    if not signed and not weighed:
        raise _BadQuestion("没有正确选项，请以=或~%100%标出")
    kind = ItemKind.SINGLE if signed else ItemKind.MULTIPLE
    if len(choices) > len(LETTERS):
        raise _BadQuestion(f"最多{len(LETTERS)}个选项")
    right = "".join(LETTERS[at] for at in signed or weighed)
    return Question(0, kind.label, options=tuple(choice.text for choice in choices), answer=right)


def _choices(text: str, form: TextForm) -> list[_Choice]:
    """Each begins with = or ~; feedback after # is ignored. ``form``: of texts without a mark of their own."""
    starts = [at for at in range(len(text)) if text[at] in "=~" and not _is_escaped(text, at)]
    if not starts or starts[0] != 0:
        raise _BadQuestion("选项应以=（正确）或~（错误）开头")
    choices = []
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        choice_text = text[begin + 1 : end].strip()
        weight = _WEIGHT.match(choice_text)
        choice_text = choice_text[weight.end() :] if weight else choice_text
        feedback = _find(choice_text, "#")
        choices.append(
            _Choice(
                text[begin],
                _read_text(choice_text[:feedback] if feedback >= 0 else choice_text, form),
                float(weight["weight"]) if weight else None,
            )
        )
    return choices


def _split_general(inside: str) -> tuple[str, str]:
    """The options, and the explanation after ####."""
    at = _find(inside, "####")
    return (inside, "") if at < 0 else (inside[:at], inside[at + 4 :])


def _find(text: str, what: str, start: int = 0) -> int:
    """Position of ``what`` without a backslash before it, or -1."""
    at = text.find(what, start)
    while at >= 0 and _is_escaped(text, at):
        at = text.find(what, at + 1)
    return at


def _is_escaped(text: str, at: int) -> bool:
    slashes = 0
    while at > slashes and text[at - 1 - slashes] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _split_form(text: str, default: TextForm) -> tuple[TextForm, str]:
    """The mark of a text, such as [html], and what follows it."""
    mark = _FORMAT.match(text)
    if mark is None:
        return default, text
    return next(form for form in TEXT_FORMS if form == mark[1]), text[mark.end() :]


def _read_text(text: str, form: TextForm) -> str:
    """An answer or explanation as it is seen; ``form`` is that of a text without a mark. Raises BadMarkup."""
    marked_form, bare = _split_form(text, form)
    return _show(bare, marked_form)


def _show(text: str, form: TextForm) -> str:
    """A text without mark as it is seen. Raises BadMarkup."""
    return read_markup(_ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text.strip()), form)


# ---- writing


def _print(question: Question) -> str:
    tags = {TAGS[name]: value for name in TAGS if (value := getattr(question, name))}
    printed_tags = [f"[id:{_tag_text(question.code)}]"] if question.code else []
    printed_tags += [f"[tag:{label}:{_tag_text(value)}]" for label, value in tags.items()]
    head = f"// {' '.join(printed_tags)}\n" if printed_tags else ""
    return f"{head}{_escape(question.stem)}{_print_answers(question)}"


def _print_answers(question: Question) -> str:
    if question.kind == ItemKind.CASE.label:
        return ""
    explanation = f"####{_escape(question.explanation)}" if question.explanation else ""
    return f" {{{_print_inside(question)}{explanation}}}"


def _print_inside(question: Question) -> str:
    if question.kind == ItemKind.TRUE_FALSE.label:
        return "TRUE" if question.answer == TRUE_FALSE[0] else "FALSE"
    if question.kind == ItemKind.SHORT.label:
        return f"={_escape(question.answer)}"
    right = [LETTERS[at] in question.answer for at in range(len(question.options))]
    if question.kind == ItemKind.SINGLE.label:
        signs = ["=" if is_right else "~" for is_right in right]
    else:
        share = f"{100 / max(1, sum(right)):.5f}".rstrip("0").rstrip(".")
        signs = [f"~%{share}%" if is_right else "~%-100%" for is_right in right]
    return "".join(f"\n{sign}{_escape(option)}" for sign, option in zip(signs, question.options, strict=True)) + "\n"


def _escape(text: str) -> str:
    escaped = re.sub(rf"([\\{re.escape(_SPECIAL)}])", r"\\\1", text).replace("\n", "\\n")
    is_marked = needs_plain_mark(text) or text.startswith(("//", "$", "[", "%"))
    return f"[plain]{escaped}" if is_marked else escaped


def _tag_text(text: str) -> str:
    return re.sub(r"([\\\]])", r"\\\1", text)
