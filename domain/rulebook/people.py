"""Sections of a rulebook on persons: registration, passwords, names of membership statuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.file_types import MaterialType
from domain.rulebook.types import Duration, Items, RegionCode, Section, Text

LoginName = Literal["mobile", "id_number", "pinyin"]
LOGIN_NAMES: Mapping[LoginName, str] = {"mobile": "手机号", "id_number": "身份证号", "pinyin": "姓名拼音"}
LoginWay = Literal["code", "password"]


class Password(Section):
    """Requirements of a password, and limits on wrong ones."""

    length_min: Annotated[int, Field(ge=8, le=64)]
    upper: bool
    lower: bool
    digit: bool
    symbol: bool
    initial_from_id: Annotated[int, Field(ge=6, le=18)] | None = None
    """The initial password is this many last characters of the ID number; None: there are no initial passwords.

    In every pool it only allows setting a new password, since other people know ID numbers.
    """
    failures_before_lock: Annotated[int, Field(ge=3, le=20)]
    lock_for: Duration

    def problem(self, password: str) -> str:
        """Why ``password`` is refused, as a sentence for the person; empty if accepted."""
        wanted = [
            (self.upper, str.isupper, "大写字母"),
            (self.lower, str.islower, "小写字母"),
            (self.digit, str.isdigit, "数字"),
            (self.symbol, lambda c: not c.isalnum(), "符号"),
        ]
        if len(password) < self.length_min:
            return f"密码至少{self.length_min}个字符，请重新设置。"
        if len(password) > _PASSWORD_LONGEST:
            return f"密码最多{_PASSWORD_LONGEST}个字符，请重新设置。"
        if not password.isprintable() or not password.isascii() or " " in password:
            return "密码只能用英文字母、数字和符号，请重新设置。"
        missing = [name for wants, test, name in wanted if wants and not any(test(c) for c in password)]
        return f"密码须含{'、'.join(missing)}，请重新设置。" if missing else ""

    def rule(self) -> str:
        """The rule in one sentence, shown beside the field."""
        parts = [(self.upper, "大写字母"), (self.lower, "小写字母"), (self.digit, "数字"), (self.symbol, "符号")]
        names = [name for wants, name in parts if wants]
        return f"至少{self.length_min}个字符" + (f"，须含{'、'.join(names)}" if names else "")


_PASSWORD_LONGEST = 64


class RegistrationRules(Section):
    """Who may register as an applicant, and which data can be changed later. Name and ID number never can."""

    open: bool
    """False: the pool takes no registrations."""
    mobile_change_every: Duration | None = None
    """A mobile may be changed once in this time; None: whenever the owner verifies the new one."""
    login_ways: Annotated[Items[LoginWay], Field(min_length=1)]
    login_names: Annotated[Items[LoginName], Field(min_length=1)]
    """Names that identify the account at log-in by password. ``pinyin``: of an expert's name, while it is unique."""
    honesty: Text
    """The clause that a person accepts when registering."""
    closed: str = ""
    """The reply to a person who wants to register where that is not possible."""
    password: Password

    @model_validator(mode="after")
    def _closed_says_why(self) -> RegistrationRules:
        if not self.open and not self.closed:
            raise ValueError("closed must tell people where to turn when open is false")
        return self


class MembershipWords(Section):
    """The pool's names of membership statuses (the badge in the header)."""

    outside: Text
    """Registered, not in the pool: 未入库, 临时专家."""
    applying: Text
    """An application is under way."""
    temporary: Text
    formal: Text
    suspended: Text
    term_over: Text = "聘期已满"
    """In the pool, and no longer drawn since the term is over."""
    left: Text
    emergency: Text = "应急专家"
    """Appended for an expert who agreed to emergency calls."""


class AvailabilityRules(Section):
    """Times in which experts do not want to be drawn (不接受抽取的时间)."""

    pause_reminder: Annotated[Duration, Field(ge=timedelta(days=1))]
    """How often an expert who is not to be drawn until he says otherwise is asked whether that goes on."""
    weekly_reminder: Annotated[Duration, Field(ge=timedelta(days=1))]
    """The same of hours of each week without an end."""


class HelpQuestion(Section):
    """One of the frequently asked questions."""

    question: Text
    answer: Text
    words: Annotated[Items[Text], Field(min_length=1)]
    """Words that identify the question; a chat message that contains one of them, and is not understood otherwise, gets
    its answer."""

    def fits(self, typed: str) -> bool:
        """Whether a search for ``typed``, in small letters, finds it."""
        content = f"{self.question} {self.answer}".casefold()
        return all(part in content for part in typed.split()) or any(word.casefold() in typed for word in self.words)


class MaterialRules(Section):
    """The area of material to download (资料下载)."""

    categories: Annotated[Items[Text], Field(min_length=1)]
    """In the order in which they are displayed."""
    types: Annotated[Items[MaterialType], Field(min_length=1)]
    """Types that the office may upload, recognised by content, not by name."""
    size_max: Annotated[int, Field(ge=100_000, le=30_000_000)]
    """Bytes of one file."""


class Help(Section):
    """Guide (办理指南), questions, phone numbers, legal text."""

    guide: Text
    """Steps from registration to entry, one per line."""
    version: Text
    """Version and date of the guide."""
    hotlines: Annotated[Items[Text], Field(min_length=1)]
    """Lines such as 缴费咨询 0991-8837428."""
    hours: str = ""
    """Service hours of the hotlines; empty: not stated."""
    advice: Mapping[RegionCode, Text] = {}
    """Contacts by code of a region; a campaign may name others for its time."""
    disclaimer: Text
    faq: Items[HelpQuestion] = ()
    feedback: bool
    """Whether people may write feedback (意见反馈)."""
    feedback_per_day: Annotated[int, Field(ge=1, le=50)]
    """Messages to the office that one person may write a day, in all threads."""
    feedback_answer_days: Annotated[int, Field(ge=1, le=60)]
    """Working days in which the office answers a message; later it is overdue."""
    feedback_closes_after: Annotated[Duration, Field(ge=timedelta(days=1))]
    """How long the person may write back after an answer; then the thread closes by itself."""
    media: Items[Text] = ()
    """Manuals and videos on other sites."""
    materials: MaterialRules

    def find_questions(self, text: str) -> tuple[HelpQuestion, ...]:
        """Questions that contain every part of what was typed, in question or answer, or that one of their words in it
        identifies; in their order. All for an empty text."""
        return tuple(question for question in self.faq if question.fits(text.casefold()))
