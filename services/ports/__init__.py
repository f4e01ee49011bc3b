"""Ports: interfaces of outside systems, as small as their users permit. ``app`` passes the gateways in.

Every method may raise only ``Transient`` (``NeedsOperator`` where our side is wrong), ``Rejected`` or
``OutcomeUnknown`` (``domain.errors``); none is called inside a database transaction.
"""

from services.ports.documents import DocumentRenderer, Sealer
from services.ports.faces import FaceChecker, FacePerson
from services.ports.files import FileEntry, Files
from services.ports.identity import IdentityClaims, IdentityMatch, IdentityPlatform, IdentityVerifier, LoginStart
from services.ports.mail import MailAttachment, Mailer
from services.ports.pay import (
    BankCard,
    BillRow,
    InvoiceReport,
    InvoiceRequest,
    InvoiceStatus,
    Merchant,
    OrderRequest,
    PayApp,
    PaymentPlatform,
    PayNotification,
    PayParameters,
    RefundOutcome,
    RefundReport,
    Reversal,
    ReverseReason,
    TradeBill,
    TradeReport,
    TradeState,
)
from services.ports.phones import CallBridge, CallDetail, CallReport, SmsReport, SmsSender, VoiceCaller
from services.ports.relay import DrawRelay
from services.ports.wechat import (
    ChatWindows,
    MenuItem,
    MiniLogin,
    MiniProgramPlatform,
    OfficialAccountSender,
    TemplateMessage,
    WebUser,
    WechatWeb,
)

__all__ = [
    "BankCard",
    "BillRow",
    "CallBridge",
    "CallDetail",
    "CallReport",
    "ChatWindows",
    "DocumentRenderer",
    "DrawRelay",
    "FaceChecker",
    "FacePerson",
    "FileEntry",
    "Files",
    "IdentityClaims",
    "IdentityMatch",
    "IdentityPlatform",
    "IdentityVerifier",
    "InvoiceReport",
    "InvoiceRequest",
    "InvoiceStatus",
    "LoginStart",
    "MailAttachment",
    "Mailer",
    "MenuItem",
    "Merchant",
    "MiniLogin",
    "MiniProgramPlatform",
    "OfficialAccountSender",
    "OrderRequest",
    "PayApp",
    "PayNotification",
    "PayParameters",
    "PaymentPlatform",
    "RefundOutcome",
    "RefundReport",
    "Reversal",
    "ReverseReason",
    "Sealer",
    "SmsReport",
    "SmsSender",
    "TemplateMessage",
    "TradeBill",
    "TradeReport",
    "TradeState",
    "VoiceCaller",
    "WebUser",
    "WechatWeb",
]
