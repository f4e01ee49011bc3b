"""Certificates that a province issues (证书)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.types import Duration, Section, Text


class CertificateKind(Section):
    title: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    letter: Annotated[str, StringConstraints(pattern=r"^[A-Z]$")]
    """Letter of the kind in the certificate's number."""
    valid_for: Duration | None = None
    """None: it does not expire."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The sentence that follows the holder's name."""


class CourseCertificate(CertificateKind):
    """Of a course; ``text`` holds where its examination was passed."""

    text_without_exam: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The sentence where none was: the course has none, or the office recorded the training as completed."""


class CertificateRules(Section):
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")]
    """Prefix of the numbers."""
    issuer: Text | None = None
    """None: the pool's name."""
    exam: CertificateKind | None = None
    """For passing an examination; None: none is issued."""
    course: CourseCertificate | None = None
    """For completing a course, including its examination if it has one; None: none is issued."""
    expiry_notice: Annotated[Duration, Field()]
    """How long before expiry the holder is reminded."""

    @property
    def issued(self) -> bool:
        """Whether the pool issues any certificates."""
        return self.exam is not None or self.course is not None

    @property
    def earned_by(self) -> str:
        """What earns a certificate, in words; empty where none is issued."""
        ways = ["完成培训（有考试的须考试合格）"] if self.course is not None else []
        ways += ["考试合格"] if self.exam is not None else []
        return "，或".join(ways)

    @model_validator(mode="after")
    def _letters_differ(self) -> CertificateRules:
        if self.exam and self.course and self.exam.letter == self.course.letter:
            raise ValueError("exam and course must have different letters")
        return self
