"""An input for a mobile, an ID number, a credit code or a bank account holds each form that its parser reads.

People paste “+86 138-0013-8000” or a number with blanks between its digits: an input that cuts it makes a wrong number
of a right one. Inputs of pages, scripts and the mini-program, forms of pages and schemas of the API are found by their
names and by the words beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.parsing import NUMBER_LONGEST, bank_account, credit_code, id_number, mobile_number, person_search
from miniapp_api.assembly import APIS
from miniapp_api.http.openapi import models_of
from miniapp_api.http.schema import Input

ROOT = Path(__file__).parents[2]
_NAME = re.compile(r"(?:^|_)(?:mobile|id_number|credit_code|bank_account)$")
_WORDS = re.compile(r"手机号|身份证号|证件号|信用代码|银行账号")
_PART = re.compile(r"验证码</label>|收到的验证码|号后")
"""A code that came to a number, and its last digits."""
_LINE = re.compile(r"{{ line\(\w+, \"(?P<name>[\w-]+)\", (?P<rest>.*?)\) }}", re.DOTALL)
_INPUT = re.compile(r"<input\b(?:{{.*?}}|{%.*?%}|[^>])*>", re.DOTALL)
_WXML = re.compile(r"<text class=\"label\">(?P<label>[^<]*)</text>\s*(?P<input><input\b[^>]*>)", re.DOTALL)
_IN_SCRIPT = re.compile(r"(?:mobile|credit_code|bank_account): {[^}]*}|h\('input', {[^}]*(?:号|代码)[^}]*}")
_FORM = re.compile(r"^    (?P<name>\w+): Annotated\[str, \w+\((?P<rest>[^)]*)\)\]", re.MULTILINE)
_LIMIT = re.compile(r"(?:maxlength=\"|maxlength: |longest=|, |^)(\d+)\b")
Found = tuple[str, str]
"""Place, and the source of the declaration."""


def _sources(folder: str, ending: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / folder).rglob(f"*{ending}")):
        if "node_modules" not in path.parts:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def of_templates() -> Iterator[Found]:
    for where, source in _sources("web/templates", ".html"):
        for line in _LINE.finditer(source):
            if _NAME.search(line["name"]) or (_WORDS.search(line["rest"]) and not _PART.search(line["rest"])):
                yield f"{where}: {line['name']}", line["rest"]
        for tag in _INPUT.finditer(source):
            _, _, label = source[: tag.start()].rpartition("<label")
            beside = label if label.count("<") < 4 else ""
            name = re.search(r"\bname=\"([\w-]+)\"", tag[0])
            if name is None or 'type="hidden"' in tag[0] or 'type="radio"' in tag[0] or 'type="checkbox"' in tag[0]:
                continue
            if _NAME.search(name[1]) or (_WORDS.search(beside + tag[0]) and not _PART.search(beside)):
                yield f"{where}: {name[1]}", tag[0]


def of_scripts() -> Iterator[Found]:
    for where, source in _sources("web/static", ".js"):
        for made in _IN_SCRIPT.finditer(source):
            if "type: 'search'" not in made[0] and ("maxlength" in made[0] or _WORDS.search(made[0])):
                yield where, made[0]


def of_the_mini_program() -> Iterator[Found]:
    for where, source in _sources("miniprogram/pages", ".wxml"):
        for field in _WXML.finditer(source):
            if _WORDS.search(field["label"]):
                yield f"{where}: {field['label']}", field["input"]


def of_forms() -> Iterator[Found]:
    for where, source in _sources("web", ".py"):
        for field in _FORM.finditer(source):
            if _NAME.search(field["name"]):
                yield f"{where}: {field['name']}", field["rest"]


def _cuts(declaration: str) -> bool:
    """Whether the declaration has a limit that is too small."""
    return any(int(limit) < NUMBER_LONGEST for limit in _LIMIT.findall(declaration))


@pytest.mark.parametrize(
    ("find", "least"),
    [(of_templates, 20), (of_scripts, 4), (of_the_mini_program, 2), (of_forms, 10)],
    ids=["templates", "scripts", "mini-program", "forms"],
)
def test_no_input_of_a_number_cuts_what_its_parser_reads(find: Callable[[], Iterator[Found]], least: int) -> None:
    declarations = list(find())
    assert len(declarations) >= least, declarations
    assert [where for where, declaration in declarations if _cuts(declaration)] == []


def test_no_schema_of_the_api_cuts_what_the_parser_reads() -> None:
    fields = [
        (f"{model.__name__}.{name}", limit.max_length)
        for model in models_of(APIS)
        if issubclass(model, Input)
        for name, field in model.model_fields.items()
        for limit in field.metadata
        if _NAME.search(name) and hasattr(limit, "max_length")
    ]
    assert len(fields) >= 4
    assert [name for name, limit in fields if limit < NUMBER_LONGEST] == []


@pytest.mark.parametrize(
    "declaration",
    ['<input name="mobile" maxlength="11">', "mobile: { type: 'tel', maxlength: 18 }", '"手机号", f, longest=24', "20"],
)
def test_a_small_limit_is_seen(declaration: str) -> None:
    assert _cuts(declaration)


def test_no_pattern_of_a_page_refuses_what_the_parser_reads() -> None:
    """The service says what is wrong, and a pattern would refuse a pasted +86 before it is asked."""
    assert [where for where, declaration in of_templates() if "pattern=" in declaration] == []


@pytest.mark.parametrize(
    ("parse", "typed", "number"),
    [
        (mobile_number, "+86 138-0013-8000", "13800138000"),
        (mobile_number, "0086 138 0013 8000", "13800138000"),
        (mobile_number, "8613800138000", "13800138000"),
        (mobile_number, "（+86）1 3 8 · 0 0 1 3 · 8 0 0 0", "13800138000"),
        (mobile_number, "＋８６　１３８　００１３　８０００", "13800138000"),
        (id_number, " ".join("11010519491231002X"), "11010519491231002X"),
        (id_number, "１１０１０５-１９４９１２３１-００２ｘ", "11010519491231002X"),
        (credit_code, " ".join("91350100M000100Y43"), "91350100M000100Y43"),
        (bank_account, " ".join("6212345678901232"), "6212345678901232"),
        (lambda typed: person_search(typed).mobile, "86 138 0013 8000", "13800138000"),
    ],
)
def test_forms_of_numbers_that_inputs_have_to_hold(parse: Callable[[str], str], typed: str, number: str) -> None:
    assert len(typed) <= NUMBER_LONGEST
    assert parse(typed) == number


def test_a_number_that_only_begins_with_86_is_no_mobile() -> None:
    assert person_search("8613800138").mobile == ""
    assert person_search("86138001380001").mobile == ""
