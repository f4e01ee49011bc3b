"""Chinese names of request fields, as people who fill them in know them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

_HEAD = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff、（）]*")
"""A description that begins with Chinese begins with the field's name: ``项目所在地, a code of the catalogue``."""

LABELS: Mapping[str, str] = {
    "name": "名称",
    "mobile": "手机号",
    "code": "验证码",
    "old_code": "原手机号的验证码",
    "sms_code": "短信验证码",
    "password": "密码",
    "new": "新密码",
    "old": "原密码",
    "id_number": "身份证号",
    "id_tail": "身份证号后几位",
    "reason": "原因",
    "cause": "原因类别",
    "words": "通知情况",
    "opinion": "意见",
    "note": "说明",
    "remark": "注意事项",
    "text": "内容",
    "answer": "答复",
    "title": "标题",
    "number": "编号",
    "category": "类别",
    "project_id": "项目",
    "lots": "标段",
    "opening_place": "开标地点",
    "needed": "抽取人数",
    "operator_name": "经办人姓名",
    "operator_phone": "经办人电话",
    "operator_id_number": "经办人身份证号",
    "supervisors": "监督人",
    "avoided_draws": "需回避的活动",
    "terminal": "抽取终端",
    "condition_id": "抽取条件",
    "notice_id": "语音通知",
    "regions": "抽取地区",
    "gathering_at": "集合时间",
    "gathering": "集合时间",
    "room": "评标室",
    "contact": "联系人",
    "contact_phone": "联系电话",
    "title_level": "职称",
    "qualification": "执业资格",
    "department": "部门",
    "region": "地区",
    "specialty": "评标专业",
    "step": "审核环节",
    "role": "身份",
    "scope": "范围",
    "choice": "是否参加",
    "agrees": "是否同意",
    "who": "专家",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "credit_code": "统一社会信用代码",
    "unit_name": "工作单位",
    "evidence": "回避依据",
    "investment": "投资额",
    "internal_code": "是否使用内部代码",
    "valid_from": "有效期起",
    "valid_until": "有效期止",
    "email": "电子邮箱",
    "taxpayer_id": "纳税人识别号",
    "result": "结果",
    "outcome": "处理结果",
    "audience": "可见范围",
    "shown_from": "开始展示时间",
    "shown_until": "停止展示时间",
    "position": "顺序",
    "bank": "开户银行",
    "account": "银行卡号",
    "holder": "持卡人",
    "red_number": "红字发票号码",
    "day": "日期",
    "to": "退款去向",
    "after": "退款后的申请",
    "admitted": "入库的备选专业",
    "agreed": "承诺",
    "trade": "支付方式",
    "numbers": "专家编号",
    "explanation": "情况说明",
    "filename": "文件名",
}
"""Names of fields whose description begins with none."""
CHOSEN = frozenset(
    (
        "region",
        "regions",
        "specialty",
        "alternative",
        "title_level",
        "qualification",
        "department",
        "project_id",
        "lots",
        "supervisors",
        "avoided_draws",
        "terminal",
        "condition_id",
        "notice_id",
        "step",
        "role",
        "scope",
        "choice",
        "agrees",
        "cause",
        "evidence",
        "category",
        "result",
        "outcome",
        "audience",
        "bank",
        "to",
        "after",
        "admitted",
        "trade",
        "gathering_at",
        "gathering",
        "starts_at",
        "ends_at",
        "valid_from",
        "valid_until",
        "shown_from",
        "shown_until",
        "day",
        "region_mode",
        "opens_at",
        "bid_opening_at",
        "internal_code",
        "on_site",
        "agreed",
    )
)
"""Fields that are chosen from a list or a calendar, not typed."""


def label_of(model: type[BaseModel] | None, path: Sequence[str | int]) -> str:
    """The name of the field at the end of ``path``, preceded by the index in a list; empty for fields that people don't
    fill in."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return ""
    own = _described(model, names[0]) if len(names) == 1 else ""
    label = own or LABELS.get(names[-1], "")
    places = [f"第{part + 1}项" for part in path[:-1] if isinstance(part, int)]
    return f"{places[-1]}{label}" if label and places else label


def _described(model: type[BaseModel] | None, name: str) -> str:
    field = model.model_fields.get(name) if model is not None else None
    found = _HEAD.match(field.description or "") if field is not None else None
    return found.group() if found else ""
