"""Texts that the office words itself: a rulebook has the value to begin with, an edit of the office replaces it.

``TEXTS`` declares all of them. ``lay_edits`` puts edits over a rulebook; what an edit may hold is checked when it is
published (``services.office_texts``), and by the rulebook's own types whenever it is laid over a file that may have
changed since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from domain.rulebook.book import Rulebook
from domain.rulebook.layers import Provenance

Form = Literal["line", "phone", "paragraphs", "lines", "regions", "questions", "venues"]
"""``lines``: a text per line; ``regions``: a contact by code of a region; ``questions``: question, answer, and the
words that it is recognised by; ``venues``: places, see ``domain.rulebook.sections.Venue``."""
S = TypeVar("S", bound=BaseModel)
Value: TypeAlias = object
"""A value as plain data, as JSON has it: a text, a list of texts, texts by code, or a list of records."""
OFFICE = "office"
"""``Provenance.file`` of an edited value."""
Group = Literal["contacts", "chat", "guide", "privacy", "phrases", "places"]
GROUPS: Mapping[Group, str] = {
    "contacts": "联系方式",
    "chat": "公众号聊天",
    "guide": "办理指南与问答",
    "privacy": "隐私与声明",
    "phrases": "常用语",
    "places": "场所",
}
CHAT = "公众号聊天"
PAGES = "网页和小程序"


@dataclass(frozen=True)
class OfficeText:
    """One text. ``key`` is the rulebook's, ``purpose`` what it is for, ``places`` where people read it.

    ``longest`` counts characters of the text, or of each line, contact or answer; ``bytes_max`` those of UTF-8 that its
    chat bubble has room for; ``count_max`` lines or entries.
    """

    code: str
    name: str
    key: str
    group: Group
    form: Form
    purpose: str
    places: tuple[str, ...]
    longest: int
    bytes_max: int = 0
    count_max: int = 1
    required: bool = True

    @property
    def section(self) -> str:
        """The section of the rulebook that it stands in; a pool that leaves the section out hasn't the text."""
        return self.key.rpartition(".")[0]

    def chat(self) -> bool:
        """Whether people read it in the chat."""
        return any(place.startswith(CHAT) for place in self.places)


QUESTION_MAX = 60
"""Characters of a question; with an answer of 500 it fills a chat bubble."""
WORDS_MAX = 10
WORD_MAX = 20

_DECLARED = (
    OfficeText(
        "hotline",
        "服务热线",
        "pool.hotline",
        "contacts",
        "phone",
        "办不了的事请对方拨打的号码，写在通知、短信、聊天和网页的提示里。",
        (f"{CHAT}：帮助、各类提示", f"{PAGES}：各页提示", "短信和模板消息"),
        13,
    ),
    OfficeText(
        "hours",
        "服务时间",
        "help.hours",
        "contacts",
        "line",
        "咨询电话有人接听的时间，如“工作日9:00至17:30”。不填就不显示。",
        (f"{CHAT}：帮助、办理指南", f"{PAGES}：办理指南"),
        40,
        required=False,
    ),
    OfficeText(
        "hotlines",
        "咨询电话",
        "help.hotlines",
        "contacts",
        "lines",
        "办理指南里的咨询电话，每行一个：事项，空一格，号码，如“缴费咨询 020-12345678”。",
        (f"{CHAT}：办理指南", f"{PAGES}：办理指南"),
        40,
        count_max=5,
    ),
    OfficeText(
        "advice",
        "各地咨询电话",
        "help.advice",
        "contacts",
        "regions",
        "每个地区自己的咨询方式。征集里另写了的，那次征集用征集里的。",
        (f"{CHAT}：办理指南、进度", f"{PAGES}：办理指南、申请进度"),
        60,
        count_max=200,
        required=False,
    ),
    OfficeText(
        "fee_hotline",
        "缴费咨询电话",
        "fee.hotline",
        "contacts",
        "phone",
        "缴费、退费和发票有问题时请对方拨打的号码。",
        (f"{CHAT}：缴费", f"{PAGES}：缴费", "电子邮件：发票"),
        13,
    ),
    OfficeText(
        "welcome",
        "欢迎语",
        "pool.welcome",
        "chat",
        "paragraphs",
        "关注公众号后收到的第一条消息。下面会自动加上“绑定”“注册”等可点的词。",
        (f"{CHAT}：关注后",),
        500,
        bytes_max=1500,
    ),
    OfficeText(
        "chat_help",
        "聊天帮助",
        "pool.help",
        "chat",
        "paragraphs",
        "回复“帮助”后收到的说明：可以回复哪些词。下面会自动加上服务热线。",
        (f"{CHAT}：帮助",),
        420,
        bytes_max=1250,
    ),
    OfficeText(
        "registration_closed",
        "暂不受理注册的答复",
        "registration.closed",
        "chat",
        "line",
        "本专家库不接受网上注册时，对想注册的人的答复：要说清该找谁。",
        (f"{CHAT}：注册", f"{PAGES}：注册"),
        200,
    ),
    OfficeText(
        "guide",
        "办理指南",
        "help.guide",
        "guide",
        "paragraphs",
        "从注册到入库的步骤，每步一行。聊天里放不下时，聊天只显示前面部分，并附上网页。",
        (f"{CHAT}：办理指南", f"{PAGES}：办理指南、我的申报"),
        3000,
    ),
    OfficeText(
        "guide_version",
        "办理指南的版本",
        "help.version",
        "guide",
        "line",
        "办理指南标题下的版本或日期。",
        (f"{PAGES}：办理指南",),
        40,
    ),
    OfficeText(
        "faq",
        "常见问题",
        "help.faq",
        "guide",
        "questions",
        "问题和回答。对方在聊天里发来的话含有“识别词”时，自动用这条回答。",
        (f"{CHAT}：自动回答", f"{PAGES}：办理指南"),
        500,
        count_max=30,
        required=False,
    ),
    OfficeText(
        "media",
        "其他网站上的手册与视频",
        "help.media",
        "guide",
        "lines",
        "放在其他网站或栏目的手册、视频，每行一个。自己的文件请放到“资料下载”。",
        (f"{PAGES}：办理指南",),
        100,
        count_max=20,
        required=False,
    ),
    OfficeText(
        "material_categories",
        "资料下载的类别",
        "help.materials.categories",
        "guide",
        "lines",
        "资料下载页的类别，按显示的先后，每行一个。已有资料的类别改名后，请到“资料下载”把这些资料改到新类别。",
        (f"{PAGES}：资料下载",),
        40,
        count_max=20,
    ),
    OfficeText(
        "privacy",
        "隐私说明",
        "pool.privacy_text",
        "privacy",
        "paragraphs",
        "收集哪些个人信息、作什么用、保存多久、怎样更正和删除。发布后是新的版本：所有人下次进入时须重新阅读并同意。",
        (f"{CHAT}：绑定、注册", f"{PAGES}：注册、绑定、首次登录"),
        360,
        bytes_max=1100,
    ),
    OfficeText(
        "disclaimer",
        "免责声明",
        "help.disclaimer",
        "privacy",
        "paragraphs",
        "办理指南页末的声明。",
        (f"{PAGES}：办理指南",),
        500,
    ),
    OfficeText(
        "public_notice",
        "公示说明",
        "notice.text",
        "privacy",
        "paragraphs",
        "公示页上怎样提出异议的说明。",
        (f"{PAGES}：公示",),
        500,
    ),
    OfficeText(
        "venues",
        "评标场所",
        "venues",
        "places",
        "venues",
        "代理机构填写语音通知时可以选的场所，专家在那里签到。",
        (f"{PAGES}：抽取申请的语音通知、签到",),
        100,
        count_max=300,
        required=False,
    ),
    OfficeText(
        "quick_remarks",
        "语音通知的快速提示",
        "draw.notice.quick_remarks",
        "phrases",
        "lines",
        "代理机构填写语音通知的备注时可以点选的话，每行一个。",
        (f"{PAGES}：抽取申请的语音通知",),
        50,
        count_max=12,
        required=False,
    ),
    OfficeText(
        "review_phrases",
        "审核意见常用语",
        "review.phrases",
        "phrases",
        "lines",
        "审核人员填写意见时可以点选的话，每行一个。",
        (f"{PAGES}：审核",),
        200,
        count_max=20,
        required=False,
    ),
    OfficeText(
        "file_phrases",
        "退回材料常用语",
        "review.file_phrases",
        "phrases",
        "lines",
        "审核人员退回某份材料时可以点选的话，每行一个。",
        (f"{PAGES}：审核",),
        100,
        count_max=20,
        required=False,
    ),
)
TEXTS: Mapping[str, OfficeText] = {text.code: text for text in _DECLARED}
"""All editable texts by code, in the order in which the office reads them."""
PRIVACY = TEXTS["privacy"]


@dataclass(frozen=True)
class Edit:
    """The newest edit of a text. ``value`` None: the rulebook's holds again. ``version`` tells it from all others;
    people consent to that of the privacy text."""

    value: Value | None
    version: str


def texts_of(book: Rulebook) -> list[OfficeText]:
    """The texts that this pool has."""
    return [text for text in TEXTS.values() if _holds(book, text)]


def value_of(book: Rulebook, text: OfficeText) -> Value:
    """The value in force, as plain data."""
    return _plain(getattr(_section(book, text.section), text.key.rpartition(".")[2]))


def lay_edits(book: Rulebook, edits: Mapping[str, Edit]) -> tuple[Rulebook, list[str]]:
    """The rulebook with the office's ``edits`` by code, and the codes of those that don't fit: a file that was changed
    since may leave a section out or allow less. These keep the file's value."""
    unfit: list[str] = []
    for code, edit in edits.items():
        text = TEXTS.get(code)
        if edit.value is None:
            continue
        try:
            book = lay_edit(book, text, edit) if text is not None else _refuse(code)
        except ValueError:
            unfit.append(code)
    return book, unfit


def lay_edit(book: Rulebook, text: OfficeText, edit: Edit) -> Rulebook:
    """The rulebook with one edited text. Raises ValueError for a value that doesn't fit its rules."""
    if not _holds(book, text):
        return _refuse(text.code)
    values = {text.key: edit.value}
    if text is PRIVACY:
        values["pool.privacy_version"] = edit.version
    edited = book
    for key, value in values.items():
        edited = _with_value(edited, key.split("."), value)
    edited._provenance = {**book._provenance, **dict.fromkeys(values, Provenance(OFFICE))}
    return edited


def _refuse(code: str) -> Rulebook:
    raise ValueError(f"the rulebook has no {code}")


def _holds(book: Rulebook, text: OfficeText) -> bool:
    if text.code == "registration_closed":
        return not book.registration.open
    return _section(book, text.section) is not None


def _section(book: Rulebook, key: str) -> BaseModel | None:
    section: BaseModel | None = book
    for name in key.split(".") if key else ():
        section = getattr(section, name) if section is not None else None
    return section


def _with_value(section: S, path: list[str], value: Value) -> S:
    """A copy of the section with one value changed, which its own types check."""
    name, *below = path
    changed = _with_value(getattr(section, name), below, value) if below else value
    try:
        return type(section).model_validate({**dict(section), name: changed})
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _plain(value: object) -> Value:
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in value}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
