"""SMS: SendSms, QuerySendDetails and the SmsReport delivery reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.alibaba import limits
from sandbox.alibaba.delivery_reports import ReportPusher
from sandbox.alibaba.limits import SendLimits
from sandbox.alibaba.rpc import Rpc, RpcRefusal, need, template_text
from sandbox.clock import beijing, beijing_day
from sandbox.jsons import Json
from sandbox.phones import Phone, Sms
from sandbox.world import World

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_SPANS = {limits.MINUTE: "分钟", limits.HOUR: "小时", limits.DAY: "天"}
NUMBERS_A_CALL = 1000
KEPT = 50_000
CHARACTERS_A_PART = 67


@dataclass(slots=True)
class SentSms:
    biz_id: str
    mobile: str
    at: float
    template: str
    text: str
    out_id: str
    state: int = 1
    """State: 1 waiting, 2 failed, 3 delivered."""
    err_code: str = ""
    received: float = 0.0


class SmsCenter:
    def __init__(self, world: World) -> None:
        self._world = world
        self._vendor = world.config.sms
        self._limits = SendLimits()
        self._sent: dict[tuple[str, str], list[SentSms]] = {}
        """Messages by number and Beijing day."""
        self._kept = 0
        self._reports = ReportPusher(world, "sms", "SmsReport", self._vendor.report_url)
        actions = {"SendSms": self.send, "QuerySendDetails": self.query}
        self.rpc = Rpc(world, "sms", self._vendor, actions)

    def send(self, parameters: Mapping[str, str]) -> Json:
        numbers = self._numbers(need(parameters, "PhoneNumbers"))
        sign, code = need(parameters, "SignName"), need(parameters, "TemplateCode")
        if self._vendor.signs and sign not in self._vendor.signs:
            raise RpcRefusal("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        raw = parameters.get("TemplateParam", "")
        text = template_text(self._vendor.templates, code, raw, "isv.SMS_TEMPLATE_ILLEGAL")
        now = self._world.clock.now()
        is_code = "验证码" in text
        for mobile in numbers:
            self._check_limits(mobile, sign, code, is_code, now)
        biz_id = f"{self._world.new_number()}^0"
        for mobile in numbers:
            self._count_message(mobile, sign, code, is_code, now)
            self._deliver(SentSms(biz_id, mobile, now, code, text, parameters.get("OutId", "")), sign)
        return {"BizId": biz_id}

    def _numbers(self, raw: str) -> list[str]:
        numbers: list[str] = []
        for item in raw.split(","):
            match = _MOBILE.fullmatch(item.strip())
            if match is None:
                raise RpcRefusal("isv.MOBILE_NUMBER_ILLEGAL", f"{item}无效号码")
            numbers.append(match.group(1))
        if len(numbers) > NUMBERS_A_CALL:
            raise RpcRefusal("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
        return numbers

    def _check_limits(self, mobile: str, sign: str, code: str, is_code: bool, now: float) -> None:
        rules = limits.CODE_LIMITS if is_code else limits.NOTICE_LIMITS
        key = ("code", sign, mobile) if is_code else ("notice", sign, code, mobile)
        span = self._limits.exceeded_span(key, rules, now)
        if span is None and is_code:
            span = self._limits.exceeded_span(("number", mobile), limits.NUMBER_LIMITS, now)
        if span is not None:
            most = dict(rules).get(span, limits.NUMBER_LIMITS[0][1])
            raise RpcRefusal("isv.BUSINESS_LIMIT_CONTROL", f"触发{_SPANS[span]}级流控Permits:{most}")

    def _count_message(self, mobile: str, sign: str, code: str, is_code: bool, now: float) -> None:
        if is_code:
            self._limits.count_attempt(("code", sign, mobile), now)
            self._limits.count_attempt(("number", mobile), now)
        else:
            self._limits.count_attempt(("notice", sign, code, mobile), now)

    def _deliver(self, message: SentSms, sign: str) -> None:
        if self._kept < KEPT:
            self._kept += 1
            self._sent.setdefault((message.mobile, beijing_day(message.at)), []).append(message)
        phone = self._world.by_mobile.get(message.mobile)
        reachable = phone is not None and phone.line not in ("off", "unreachable", "suspended")
        if phone is not None and reachable:
            text = f"【{sign}】{message.text}"
            sms = Sms(self._world.new_number(), message.at, sign, text, message.biz_id, message.template)
            self._world.show_sms(phone, sms)
        self._world.timeline.run_after(
            self._world.config.wire.report_delay, lambda: self._report(message, phone, reachable)
        )

    def _report(self, sms: SentSms, phone: Phone | None, reachable: bool) -> None:
        now = self._world.clock.now()
        sms.state, sms.received = (3, now) if reachable else (2, 0.0)
        sms.err_code = "DELIVERED" if reachable else "MOBILE_NOT_ON_SERVICE" if phone is None else "MOBILE_UNREACHABLE"
        self._reports.push(
            {
                "phone_number": sms.mobile,
                "send_time": beijing(sms.at),
                "report_time": beijing(now),
                "success": reachable,
                "err_code": sms.err_code,
                "err_msg": "用户接收成功" if reachable else "用户未能接收",
                "sms_size": str(max(1, -(-len(sms.text) // CHARACTERS_A_PART))),
                "biz_id": sms.biz_id,
                "out_id": sms.out_id,
            }
        )

    def query(self, parameters: Mapping[str, str]) -> Json:
        mobile = self._numbers(need(parameters, "PhoneNumber"))[0]
        day, biz_id = need(parameters, "SendDate"), parameters.get("BizId", "")
        size, page = int(need(parameters, "PageSize")), int(need(parameters, "CurrentPage"))
        if not 1 <= size <= 50 or page < 1:
            raise RpcRefusal("isv.INVALID_PARAMETERS", "参数异常：PageSize")
        messages = [item for item in self._sent.get((mobile, day), []) if biz_id in ("", item.biz_id)]
        page_of_messages = messages[(page - 1) * size : page * size]
        return {
            "TotalCount": str(len(messages)),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": [_detail(i) for i in page_of_messages]},
        }


def _detail(sms: SentSms) -> Json:
    return {
        "PhoneNum": sms.mobile,
        "SendStatus": sms.state,
        "ErrCode": sms.err_code,
        "TemplateCode": sms.template,
        "Content": sms.text,
        "SendDate": beijing(sms.at),
        "ReceiveDate": beijing(sms.received) if sms.received else "",
        "OutId": sms.out_id,
    }
