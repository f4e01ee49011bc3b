"""Contents of documents as services make them, with every possible element."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

FOOT = [
    "申请编号 SQ202611210000001 · 第3版 · 打印于 2026年11月21日 12:00",
    "校验码 7K3Q-M9DX-2RTB-W8PH，扫码可核对本表是否为最新版本。",
]


def photo() -> str:
    """A one-inch photo of no one, JPEG in base64."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((295, 413)).convert("RGB").save(out, "JPEG", quality=80)
    return base64.b64encode(out.getvalue()).decode()


def row(label: str, value: str, *, wide: bool = False) -> dict[str, object]:
    return {"label": label, "value": value, "wide": wide}


def application_form(name: str = "甡㛃䶮") -> dict[str, Any]:
    """Xinjiang's form with its 24 items and the block of specialties."""
    return {
        "title": "评标专家申请和资格审查表",
        "pool": "新疆维吾尔自治区房屋建筑和市政基础设施项目评标专家库",
        "qr": "http://127.0.0.1:8080/p/7K3QM9DX2RTBW8PH",
        "foot": FOOT,
        "facts": [["申请编号", "SQ202611210000001"], ["申请类型", "首次申请"], ["打印时间", "2026年11月21日"]],
        "photo": photo(),
        "sections": [
            {
                "title": "基本信息",
                "rows": [
                    row("姓名", name),
                    row("性别", "男"),
                    row("出生年月", "1978-05"),
                    row("身份证号", "650102197805011234"),
                    row("政治面貌", "中共党员"),
                    row("所在市州", "乌鲁木齐市"),
                    row("手机号", "13912345678"),
                    row("备用手机号", "13812345678"),
                    row("电子邮箱", "zhangsan.very.long.address@example.com"),
                    row("办公电话", "0991-8837410"),
                    row("工作单位", "新疆建设工程（集团）有限责任公司第二分公司", wide=True),
                    row("统一社会信用代码", "91110000600037341L", wide=True),
                ],
                "lists": [],
            },
            {
                "title": "资格信息",
                "rows": [
                    row("最高学历", "大学本科"),
                    row("最高学位", "学士"),
                    row("毕业院校", "新疆大学"),
                    row("所学专业", "土木工程"),
                    row("职称", "高级工程师"),
                    row("从事专业类别", "工程 / 房屋建筑工程"),
                    row("从事专业年限", "21年"),
                ],
                "lists": [
                    {
                        "label": "从业资格证书",
                        "columns": ["证书名称", "注册号"],
                        "rows": [["一级建造师", "新165131400001"], ["注册造价工程师", "建[造]11650001234"]],
                    }
                ],
            },
            {
                "title": "参评信息",
                "rows": [
                    row("是否接受异地评标", "否"),
                    row("是否愿意成为应急专家", "是"),
                    row("工作经历", "2003年至今在新疆建设工程集团工作。\n历任技术员、项目经理、总工程师。", wide=True),
                    row("评标实践经验", "参加房屋建筑工程施工评标四十余次。#strong[*] $x$ @ref <b>", wide=True),
                ],
                "lists": [
                    {"label": "回避单位", "columns": ["单位名称", "统一社会信用代码", "说明"], "rows": []},
                ],
            },
        ],
        "specialties": {
            "columns": ["一级类别", "二级类别", "评标专业", "选择"],
            "rows": [
                ["A08 施工", "A0801 房屋建筑工程", "A080101 土建工程", "首选"],
                ["A08 施工", "A0801 房屋建筑工程", "A080102 装饰装修工程", "备选"],
                ["A08 施工", "A0802 市政工程", "A080201 道路工程", "备选"],
            ],
        },
        "declaration": "以上填写内容真实、准确、完整，如有不实，愿意承担相应责任。",
        "opinions": [
            {"title": "工作单位意见", "said": "", "sign": "签字（盖章）"},
            {"title": "所在市州住建部门意见", "said": "", "sign": "签字（盖章）"},
            {"title": "自治区审核意见", "said": "", "sign": "签字（盖章）"},
        ],
    }


def commitment(name: str = "甡㛃䶮") -> dict[str, Any]:
    return {
        "title": "诚信承诺书",
        "pool": "新疆维吾尔自治区评标专家库",
        "foot": ["新疆维吾尔自治区评标专家库"],
        "name": name,
        "id_number": "650102197805011234",
        "employer": "新疆建设工程（集团）有限责任公司",
        "paragraphs": [
            "本人自愿申请成为评标专家，郑重承诺：",
            "一、所提交的个人信息、学历、职称、执业资格及工作经历真实、准确、完整，无伪造、虚构。",
            "二、遵守招标投标法律法规，客观、公正地履行职责，对所提出的评审意见承担个人责任。",
            "三、与投标人有利害关系时主动回避，不私下接触投标人，不收受财物或者其他好处，不透露评审情况。",
            "四、按时参加培训、考核和评标活动，服从专家库管理机构的管理。",
            "如有违反，愿意承担相应的法律责任，并接受取消评标专家资格等处理。",
        ],
    }


def receipt() -> dict[str, Any]:
    return {
        "title": "培训费缴费凭证",
        "pool": "新疆维吾尔自治区评标专家库",
        "number": "PZ202611210000001",
        "qr": "http://127.0.0.1:8080/p/7K3QM9DX2RTBW8PH",
        "foot": ["扫码可核对本凭证。"],
        "amount": "¥1,250.50",
        "words": "壹仟贰佰伍拾元伍角",
        "rows": [
            ["缴费人", "张**"],
            ["专家编号", "ZJ0000123"],
            ["缴费项目", "评标专家培训费"],
            ["微信支付单号", "4200002026112100000000000001"],
            ["支付时间", "2026年11月21日 12:00:05"],
            ["收费依据", "新发改规〔2024〕1号"],
        ],
        "note": "本凭证不作为报销依据。电子发票将发送到您填写的电子邮箱。",
    }


def notice_list() -> dict[str, Any]:
    return {
        "title": "拟入库评标专家公示名单",
        "pool": "吉林省综合评标专家库",
        "qr": "http://127.0.0.1:8080/h5/jilin/notice",
        "foot": ["扫码查看公示"],
        "intro": ["经审核，下列人员拟入库成为评标专家，现予公示，公示期为2026年11月21日至11月27日。"],
        "columns": ["姓名", "工作单位", "评标专业"],
        "rows": [[f"张{n}", "长春示范工程咨询有限公司", "土建工程、装饰装修工程"] for n in range(60)],
        "closing": ["吉林省综合评标专家库", "2026年11月21日"],
    }


def draw_application() -> dict[str, Any]:
    opinions = ("申请理由", "招标人（代理机构）意见", "监督部门意见", "交易中心核验意见")
    return {
        "title": "评标专家抽取申请表",
        "pool": "广东省综合评标评审专家库",
        "qr": "",
        "foot": ["广东省综合评标评审专家库"],
        "facts": [["活动编号", "CQ202611210001"]],
        "sections": [
            {
                "title": "基本信息",
                "rows": [
                    row("项目名称", "演示项目(一标段)", wide=True),
                    row("经办人", "黄劲松"),
                    row("抽取人数", "5人"),
                ],
                "lists": [
                    {
                        "label": "抽取条件",
                        "columns": ["评标专业", "抽取地区", "人数"],
                        "rows": [["A08 施工", "广州市", "5"]],
                    }
                ],
            }
        ],
        "opinions": [{"title": opinion, "said": "", "sign": "签字（盖章）"} for opinion in opinions],
    }


def draw_print() -> dict[str, Any]:
    """The panel of an activity."""
    return {
        "title": "评标专家抽取结果",
        "pool": "广东省综合评标评审专家库",
        "qr": "http://127.0.0.1:8080/record/guangdong/CQSQ202611210001",
        "foot": ["广东省综合评标评审专家库", "CQSQ202611210001 · 打印于2026-11-21 18:00"],
        "facts": [["活动编号", "CQSQ202611210001"], ["状态", "已结束"]],
        "rows": [row("活动名称", "演示项目(一标段)", wide=True), row("需要人数", "5人"), row("经办人", "黄劲松")],
        "columns": ["条件", "验证码", "姓名", "身份证号", "工作单位", "集合时间", "状态"],
        "lines": [
            ["1", "*204816", "甡㛃䶮", "4113***6933", "广东示范工程咨询有限公司", "2026-11-21 09:00", "已同意"],
            ["1", "896867", "阿卜杜热合曼·买买提艾力", "6501***1234", "—", "2026-11-21 09:00", "已离场"],
        ]
        * 2,
        "notes": ["验证码前的“*”表示该专家由补抽产生。", "抽取记录摘要：" + "5e" * 32],
        "signatures": ["招标人（代理机构）签字", "监督人（李监督）签字"],
    }


def pay_code() -> dict[str, Any]:
    return {
        "title": "评标专家培训费",
        "pool": "演示省综合评标专家库",
        "amount": "¥350.00",
        "name": "张**",
        "number": "ZJ0000123",
        "until": "11月21日(周六) 12:15",
        "qr": "weixin://wxpay/bizpayurl?pr=abc",
    }


def handout() -> dict[str, Any]:
    part = {"title": "办理流程", "lines": ["一、注册", "二、申请"], "columns": [], "rows": [], "asked": []}
    table = {**part, "columns": ["材料", "要求", "格式"], "rows": [["一寸免冠照片", "必交", "JPG、PNG"]]}
    return {
        "title": "申报指南",
        "pool": "新疆维吾尔自治区评标专家库",
        "foot": ["2026年11月21日"],
        "parts": [part, table, {**part, "lines": [], "asked": [["忘记密码怎么办？", "用手机验证码重设。"]]}],
    }


def certificate() -> dict[str, Any]:
    return {
        "title": "继续教育合格证书",
        "number": "XJ2026J-0000017",
        "holder": "甡㛃䶮",
        "id_number": "4113***6933",
        "text": "完成规定的继续教育学习，考试合格，特发此证。",
        "facts": [["课程", "2025年全区第一批评标专家继续教育"], ["学时", "24学时"], ["有效期至", "2029年11月21日"]],
        "issuer": "新疆维吾尔自治区房屋建筑和市政基础设施项目评标专家库",
        "date": "2026年11月21日",
        "qr": "http://127.0.0.1:8080/c/Ab3dEf-hIjKlMn_pQrStUv0123456789",
        "digest": "5e" * 32,
    }


SAMPLES = {
    "certificate": certificate,
    "application_form": application_form,
    "commitment": commitment,
    "receipt": receipt,
    "notice_list": notice_list,
    "draw_application": draw_application,
    "draw_print": draw_print,
    "pay_code": pay_code,
    "handout": handout,
}
