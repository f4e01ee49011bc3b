"""Errors that the service shows its users, and those that a gateway raises.

AppError
├── InvalidInput      the value can't be what it claims to be      HTTP 422
│   └── InvalidForm   several fields of a form are refused
├── Unauthenticated   no account is logged in                     HTTP 401
├── Forbidden         known, but may not                           HTTP 403
├── NotFound          no such thing (or not for this person)       HTTP 404
├── Conflict          the state doesn't allow it now               HTTP 409
├── RuleViolation     a province's rule forbids it; names source   HTTP 422
├── TooMany           limit reached; says when to try again        HTTP 429
└── Unavailable       a part of ours is away for the moment        HTTP 503

GatewayError
├── Transient         not done, may be repeated
│   └── NeedsOperator our side is wrong (keys, clock, rights, quota, settings): repeat it, an operator has to act
├── Rejected          not done, repeating is useless: the vendor's final answer about the object
└── OutcomeUnknown    may have been done: ask or wait, never repeat blindly

``message`` is a Chinese sentence for the person on the phone: what is wrong and what to do next. ``code`` is stable
and meant for programs. Neither ever contains personal data beyond what the same person typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class AppError(Exception):
    """A refusal that a person can understand.

    ``field`` names the offending input as a dotted path (``lots.0.name``) where there is one; ``params`` are facts for
    programs, JSON-able.
    """

    status = 400
    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field
        self.params = dict(params or {})

    @property
    def faults(self) -> tuple[AppError, ...]:
        """The refusals of single fields; of any other refusal itself."""
        return (self,)


class InvalidInput(AppError):
    status = 422
    default_code = "invalid_input"


class InvalidForm(InvalidInput):
    """``faults``: the refusals of at least two fields, in the form's order. The message is that of the first one."""

    default_code = "invalid_form"

    def __init__(self, faults: Sequence[AppError]) -> None:
        super().__init__(faults[0].message, field=faults[0].field)
        self._faults = tuple(faults)

    @property
    def faults(self) -> tuple[AppError, ...]:
        return self._faults


class Unauthenticated(AppError):
    status = 401
    default_code = "unauthenticated"


class Forbidden(AppError):
    status = 403
    default_code = "forbidden"


class NotFound(AppError):
    status = 404
    default_code = "not_found"


class Conflict(AppError):
    status = 409
    default_code = "conflict"


class RuleViolation(AppError):
    """``rule`` is the rulebook's key (``draw.release.before_start``), ``source`` the manual line or legal article."""

    status = 422
    default_code = "rule_violation"

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        source: str | None = None,
        code: str | None = None,
        field: str | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field, params=params)
        self.rule = rule
        self.source = source


class TooMany(AppError):
    """``retry_after`` is in seconds."""

    status = 429
    default_code = "too_many"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code, params={"retry_after": retry_after})
        self.retry_after = retry_after


class Unavailable(AppError):
    status = 503
    default_code = "unavailable"


class GatewayError(Exception):
    """Base of what an outside call may raise."""


class Transient(GatewayError):
    """Not done; may be repeated after ``retry_after`` seconds (None: the caller's own back-off)."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class NeedsOperator(Transient):
    """Our side is wrong: signature, clock, address, rights, quota, balance, template or another setting.

    It says nothing about the object of the call, which stays wanted: wait and try again. ``vendor_code`` is the
    vendor's code, or a word of ours where we didn't call (``no_template``). ``account_wide``: it concerns every call of
    the account, not this one only.
    """

    def __init__(
        self, vendor_code: str, reason: str = "", *, account_wide: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{vendor_code} {reason}".strip(), retry_after=retry_after)
        self.vendor_code = vendor_code
        self.account_wide = account_wide


class Rejected(GatewayError):
    """The vendor refused this object for good. ``vendor_code`` is its own code as text."""

    def __init__(self, vendor_code: str, reason: str = "") -> None:
        super().__init__(f"{vendor_code} {reason}".strip())
        self.vendor_code = vendor_code
        self.reason = reason


class OutcomeUnknown(GatewayError):
    """Sent, but no trustworthy response came back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RulebookError(Exception):
    """An invalid rulebook. The text is one sentence: file, key, reason."""
