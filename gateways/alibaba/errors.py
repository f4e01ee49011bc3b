"""What the codes of Alibaba Cloud's products mean for us.

Sources: the vendor's pages on error codes of SMS, voice (also click to dial) and Id2MetaVerify, and of RPC calls in
general. A code in none of the tables is a refusal of the object (a number, a name).
"""

from __future__ import annotations

from gateways.operator_faults import OperatorCode, OperatorCodes

_KEY = OperatorCode("access key", account_wide=True)
_CLOCK = OperatorCode("signature's time: our clock is wrong", account_wide=True)
_SIGNATURE = OperatorCode("signature: the secret is wrong", account_wide=True)
_RIGHT = OperatorCode("the access key has no right to this call")

COMMON: OperatorCodes = {
    "Forbidden": _RIGHT,
    "Forbidden.AccessKeyDisabled": _KEY,
    "Forbidden.RAM": _RIGHT,
    "IncompleteSignature": _SIGNATURE,
    "InvalidAccessKeyId": _KEY,
    "InvalidAccessKeyId.Inactive": _KEY,
    "InvalidAccessKeyId.NotFound": _KEY,
    "InvalidTimeStamp": _CLOCK,
    "InvalidTimeStamp.Expired": _CLOCK,
    "InvalidTimeStamp.Format": _CLOCK,
    "NoPermission": _RIGHT,
    "SignatureDoesNotMatch": _SIGNATURE,
}
"""Of all products."""
FAMILIES = ("Forbidden.", "InvalidAccessKeyId.", "InvalidTimeStamp.", "NoPermission.")
"""Beginnings of further codes that mean the same as the code before the dot."""

_ACCOUNT: OperatorCodes = {
    "isp.RAM_PERMISSION_DENY": _RIGHT,
    "isv.ACCOUNT_ABNORMAL": OperatorCode("the account is not in order", account_wide=True),
    "isv.ACCOUNT_NOT_EXISTS": OperatorCode("no such account", account_wide=True),
    "isv.AMOUNT_NOT_ENOUGH": OperatorCode("the account's balance is too small", account_wide=True),
    "isv.OUT_OF_SERVICE": OperatorCode("the account's service was stopped", account_wide=True),
    "isv.PRODUCT_UNSUBSCRIBE": OperatorCode("the product is not ordered", account_wide=True),
    "isv.PRODUCT_UN_SUBSCRIPT": OperatorCode("the product is not ordered", account_wide=True),
    "isv.TEMPLATE_MISSING_PARAMETERS": OperatorCode("our variables are not those of the template"),
}
SMS: OperatorCodes = {
    **_ACCOUNT,
    "isv.DAY_LIMIT_CONTROL": OperatorCode("the account's quota of today is used up", account_wide=True),
    "isv.MONTH_LIMIT_CONTROL": OperatorCode("the account's quota of this month is used up", account_wide=True),
    "isv.SMS_SIGNATURE_ILLEGAL": OperatorCode("the pool's signature is not permitted"),
    "isv.SMS_SIGN_ILLEGAL": OperatorCode("the pool's signature is not permitted"),
    "isv.SMS_TEMPLATE_ILLEGAL": OperatorCode("no such template"),
}
VOICE: OperatorCodes = {
    **_ACCOUNT,
    "isv.DISPLAY_NUMBER_ILLEGAL": OperatorCode("the pool's number is not permitted"),
    "isv.TTS_TEMPLATE_ILLEGAL": OperatorCode("no such template"),
    "isv.VOICE_FILE_ILLEGAL": OperatorCode("no such template"),
}
"""Also of click to dial."""
IDENTITY_VERIFICATION: OperatorCodes = {
    "410": OperatorCode("the product is not ordered", account_wide=True),
    "411": OperatorCode("the access key has no right to this call", account_wide=True),
    "412": OperatorCode("the account's balance is too small", account_wide=True),
}
LOCAL: OperatorCodes = {
    "no_template": OperatorCode("the pool has no template of this kind"),
    "no_virtual_number": OperatorCode("the pool has no number for virtual calls"),
}
"""Codes of ours, for calls that our settings don't permit to make."""


def operator_code(code: str, product: OperatorCodes) -> OperatorCode | None:
    """None: a refusal of the object."""
    meaning = product.get(code) or COMMON.get(code)
    if meaning is None and code.startswith(FAMILIES):
        meaning = COMMON.get(code.partition(".")[0])
    return meaning
