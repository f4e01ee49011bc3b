"""What WeChat Pay's codes mean for us, in capitals without underscores: its documents use both spellings.

Sources: the tables of errors on the API v3 pages of orders, refunds, bills and invoices, and the signature guide (a
timestamp more than five minutes off is SIGN_ERROR). A code in none of the tables is a refusal of the object.
"""

from __future__ import annotations

from gateways.operator_faults import OperatorCode, OperatorCodes

BUSY = frozenset({"FREQUENCYLIMITED", "FREQUENCYLIMITEXCEED", "RATELIMITEXCEEDED", "RATELIMITEXCEED"})
SICK = frozenset({"SYSTEMERROR", "BANKERROR"})
"""Codes after which the same call may be repeated, even a writing one: WeChat recognises it by our number."""
UNKNOWN = frozenset({"ORDERNOTEXIST", "RESOURCENOTEXISTS", "RESOURCENOTEXIST"})
OPERATOR: OperatorCodes = {
    "SIGNERROR": OperatorCode("signature, serial number or clock", account_wide=True),
    "MCHNOTEXISTS": OperatorCode("no such merchant", account_wide=True),
    "ACCOUNTERROR": OperatorCode("the account is not in order (unverified: of the merchant or of the payer)"),
    "APPIDMCHIDNOTMATCH": OperatorCode("the app is not bound to the merchant"),
    "NOAUTH": OperatorCode("the merchant has no right to this call"),
    "NOTENOUGH": OperatorCode("the merchant's balance is too small"),
}
LOCAL: OperatorCodes = {
    "CERTIFICATES": OperatorCode("the APIv3 key doesn't open the platform's certificates", account_wide=True),
    "NOPUBLICKEY": OperatorCode("WeChat signs with a public key that the settings lack"),
    "NOMERCHANT": OperatorCode("the pool has no merchant"),
    "NOAPP": OperatorCode("the pool has no app of this kind"),
}
"""Codes of ours, for calls that our settings don't permit to make."""


def plain_code(code: str) -> str:
    """Without underscores."""
    return code.replace("_", "").upper()[:64]
