"""The sheet for importing experts: its columns and its template."""

from __future__ import annotations

from services.spreadsheets import formats
from services.spreadsheets.formats import Column, Format

ROWS_MAX = 500_000
PAGE_ROWS_MAX = 100_000
"""Of a sheet that the office uploads on a page; longer ones are for the command line."""

COLUMNS: tuple[Column, ...] = (
    Column("number", "专家编号", True, "专家库内唯一，不超过32个字符", "ZJ0000001"),
    Column("name", "姓名", True, "与身份证一致，不超过50个字", "张三"),
    Column("id_number", "身份证号", True, "18位，请把单元格设为文本格式", "11010519491231002X"),
    Column("mobile", "手机号", True, "11位，接收邀请的手机；不能与他人相同", "13800001234"),
    Column("membership_status", "专家类型", False, "正式 或 临时，不填为正式", "正式"),
    Column(
        "active", "状态", False, "在库 或 暂停，不填为在库；暂停只用于新入库的专家，已在库的请在专家页面办理", "在库"
    ),
    Column("term_until", "聘期至", False, "聘期的最后一天，如 2029-03-01；不填的，原有聘期不变", "2029-03-01"),
    Column("emergency", "应急专家", False, "是 或 否，本人愿意接受应急抽取的填是；不填的不变", "否"),
    Column("permanent_region", "常驻地", True, "地区代码或名称，如 440106 或 广东省广州市天河区", "440106"),
    Column("willing_regions", "意愿评标地", False, "地区代码或名称，多个用分号分隔", "440100；440300"),
    Column("specialties", "评标专业", True, "专业代码或名称，多个用分号分隔", "A0401；A08"),
    Column("title_level", "职称", False, "职称代码或名称，如 高级工程师", "高级工程师"),
    Column("qualifications", "执业资格", False, "资格代码或名称，多个用分号分隔", "一级注册建筑师"),
    Column("department", "行业部门", False, "部门代码或名称", "D02"),
    Column("employer", "工作单位", True, "单位全称，没有填“无”", "广州示范工程咨询有限公司"),
    Column("employer_code", "单位信用代码", False, "18位统一社会信用代码", ""),
    Column("employed_since", "入职日期", False, "如 2020-03-01", "2020-03-01"),
    Column(
        "former",
        "历史单位",
        False,
        "近年离开的单位：名称|信用代码|起|止，多个用分号分隔",
        "广州某某公司||2018-01-01|2020-02-28",
    ),
    Column("recusal", "回避单位", False, "应回避的其他单位：名称|信用代码，多个用分号分隔", "深圳某某公司|"),
)


def render_template(form: Format, *, by_willing_region: bool = True) -> bytes:
    """A sheet with the heading and one sample line; XLSX also explains each column.

    ``by_willing_region``: whether the pool draws by willing regions; one that doesn't has no such column.
    """
    columns = [column for column in COLUMNS if by_willing_region or column.name != "willing_regions"]
    return formats.render_template(form, "专家", columns)
