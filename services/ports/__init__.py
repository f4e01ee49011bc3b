"""Ports: interfaces of outside systems, as small as their users permit. ``app`` passes the gateways in.

Every method may raise only ``Transient`` (``NeedsOperator`` where our side is wrong), ``Rejected`` or
``OutcomeUnknown`` (``domain.errors``); none is called inside a database transaction.
"""

from services.ports.documents import DocumentRenderer, Sealer
from services.ports.faces import FaceChecker, FacePerson
from services.ports.files import FileEntry, Files
from services.ports.identity import (
    IdentityClaims,
    IdentityMatch,
    IdentityPlatform,
    IdentityVerifier,
    LoginStart,
    VerifiedPools,
)
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
from services.ports.phones import CallBridge, CallDetail, CallReport, Prices, SmsReport, SmsSender, VoiceCaller
from services.ports.relay import DrawRelay
from services.ports.wechat import (
    ChatWindows,
    MenuItem,
    MiniLogin,
    MiniProgramAppids,
    MiniProgramPlatform,
    OfficialAccountSender,
    SubscribeTemplates,
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
    "MiniProgramAppids",
    "MiniProgramPlatform",
    "OfficialAccountSender",
    "OrderRequest",
    "PayApp",
    "PayNotification",
    "PayParameters",
    "PaymentPlatform",
    "Prices",
    "RefundOutcome",
    "RefundReport",
    "Reversal",
    "ReverseReason",
    "Sealer",
    "SmsReport",
    "SmsSender",
    "SubscribeTemplates",
    "TemplateMessage",
    "TradeBill",
    "TradeReport",
    "TradeState",
    "VerifiedPools",
    "VoiceCaller",
    "WebUser",
    "WechatWeb",
]
