"""Wallets of WeChat users: their money, and the chat of 微信支付 with the outcome of payments."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sandbox.clock import beijing
from sandbox.jsons import Json
from sandbox.pay.orders import Order
from sandbox.phones import Chat, Phone
from sandbox.world import World

CHAT = "weixin-pay"
"""The chat's key among a phone's chats; no pool has this name."""
AT_FIRST = 1_000_000
"""Fen in a new wallet."""
RECORDS = 200


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the wallet's bill; ``fen`` is negative for what was paid."""

    at: float
    fen: int
    merchant: str
    description: str
    transaction_id: str

    def as_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Wallet:
    balance: int = AT_FIRST
    records: deque[Record] = field(default_factory=lambda: deque(maxlen=RECORDS))

    def as_json(self) -> Json:
        return {"balance": self.balance, "records": [record.as_json() for record in self.records]}


class Wallets:
    """By phone; a wallet appears when first used."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wallets: dict[str, Wallet] = {}

    def get_wallet(self, phone_id: str) -> Wallet:
        return self._wallets.setdefault(phone_id, Wallet())

    def pay_order(self, phone: Phone, order: Order) -> None:
        self._book_amount(phone.id, order, -order.total)
        lines = f"付款金额：￥{yuan(order.total)}\n收款方：{order.merchant.name}\n商品：{order.description}"
        self._send_receipt(phone, "微信支付凭证", lines, order)

    def refund_order(self, order: Order, fen: int) -> None:
        self._book_amount(order.payer, order, fen)
        phone = self._world.find_phone(order.payer)
        if phone is not None:
            self._send_receipt(
                phone, "退款到账通知", f"退款金额：￥{yuan(fen)}\n商家：{order.merchant.name}\n退回：零钱", order
            )

    def notify_card(self, order: Order, fen: int, account: str) -> None:
        """Note a refund to a bank card, which leaves the wallet's balance as it is."""
        phone = self._world.find_phone(order.payer)
        if phone is not None:
            lines = f"退款金额：￥{yuan(fen)}\n商家：{order.merchant.name}\n退回：{account}"
            self._send_receipt(phone, "退款到账通知", lines, order)

    def _book_amount(self, phone_id: str, order: Order, fen: int) -> None:
        wallet = self.get_wallet(phone_id)
        wallet.balance += fen
        now = self._world.clock.now()
        wallet.records.append(Record(now, fen, order.merchant.name, order.description, order.transaction_id))

    def _send_receipt(self, phone: Phone, title: str, lines: str, order: Order) -> None:
        chat = phone.chats.get(CHAT)
        if chat is None:
            chat = phone.chats[CHAT] = Chat(CHAT, "", deque(maxlen=self._world.keep_bubbles), following=True)
        text = f"{lines}\n交易单号：{order.transaction_id}\n时间：{beijing(self._world.clock.now())}"
        self._world.show(phone, chat, "account", "template", text, title=title, source="template")
