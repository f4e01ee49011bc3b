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
    "sms_code": "短信验证码",
    "password": "密码",
    "id_number": "身份证号",
    "reason": "原因",
    "minutes": "晚到的分钟数",
    "note": "说明",
    "text": "内容",
    "number": "编号",
    "region": "地区",
    "role": "身份",
    "scope": "范围",
    "choice": "是否参加",
    "agrees": "是否同意",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "credit_code": "统一社会信用代码",
    "agreed": "承诺",
    "trade": "支付方式",
    "filename": "文件名",
}
"""Names of fields whose description begins with none."""
CHOSEN = frozenset(
    (
        "region",
        "role",
        "scope",
        "choice",
        "agrees",
        "trade",
        "starts_at",
        "ends_at",
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
    own = _described_name(model, names[0]) if len(names) == 1 else ""
    label = own or LABELS.get(names[-1], "")
    places = [f"第{part + 1}项" for part in path[:-1] if isinstance(part, int)]
    return f"{places[-1]}{label}" if label and places else label


def _described_name(model: type[BaseModel] | None, name: str) -> str:
    field = model.model_fields.get(name) if model is not None else None
    head = _HEAD.match(field.description or "") if field is not None else None
    return head.group() if head else ""
