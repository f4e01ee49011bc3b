"""Errors of WeChat Pay: HTTP status, code and a sentence, as its documents list them."""

from __future__ import annotations


class PayError(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str, detail_code: int = 0) -> None:
        self.status = status
        self.code = code
        self.detail_code = detail_code
        """The number at the end of the answer's ``Request-ID``."""
        super().__init__(message)


def param_error(message: str) -> PayError:
    return PayError(400, "PARAM_ERROR", message)


def invalid_request(message: str, detail_code: int = 0) -> PayError:
    return PayError(400, "INVALID_REQUEST", message, detail_code)


def sign_error(message: str) -> PayError:
    """An error whose answer carries no signature."""
    return PayError(401, "SIGN_ERROR", message)


def no_order() -> PayError:
    return PayError(404, "ORDER_NOT_EXIST", "订单不存在", 268512771)


def order_paid() -> PayError:
    return PayError(400, "ORDER_PAID", "该订单已支付", 268449538)


def system_error() -> PayError:
    return PayError(500, "SYSTEM_ERROR", "系统异常，请稍后重试")


_STATUS = {"SIGN_ERROR": 401, "NO_AUTH": 403, "NOT_ENOUGH": 403, "ACCOUNT_ERROR": 403}


def refusal(code: str) -> PayError:
    """Any error by its code."""
    return PayError(_STATUS.get(code, 400), code, "refused by a fault switch")
