"""Sheets as Excel, WPS, LibreOffice and Numbers write them: a cell means what the person sees, or is refused with the
reason."""

from __future__ import annotations

import codecs

import pytest

from services.spreadsheets.formats import Column, Line, SheetError, format_within
from services.spreadsheets.parsing import read_lines
from tests.factories.workbooks import STRICT, ForeignSheet, number, text, workbook

NAME, VALUE = Column("name", "姓名", True, "", ""), Column("value", "内容", False, "", "")
COLUMNS = (NAME, VALUE)
HEADING = [text("姓名"), text("内容")]
LI = [text("李四"), text("好")]


def lines_of(content: bytes) -> list[Line]:
    return list(read_lines(content, format_within(content), COLUMNS, 100))


def cells_of(content: bytes) -> list[tuple[str, ...]]:
    return [line.cells for line in lines_of(content)]


def refusal_of(content: bytes) -> str:
    with pytest.raises(SheetError) as refusal:
        lines_of(content)
    assert str(refusal.value).endswith("。")
    return str(refusal.value)


def read_cell(cell: str, form: str | int = 0, *, since_1904: bool = False) -> str:
    """The text of a cell in B2, or its fault."""
    sheet = ForeignSheet([HEADING, [text("张三"), cell]])
    (line,) = lines_of(workbook(sheet, formats=[form], since_1904=since_1904))
    return line.faults.get(1, "") or line.cells[1]


# ---- number formats

DAY = "46086"
"""2026-03-05 as spreadsheets count."""


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        ("0.02", 9, "2%"),
        ("0.025", "0.0%", "2.5%"),
        ("0.02", 0, "0.02"),
        ("1", "000", "001"),
        ("440106", "@", "440106"),
        ("5", '"第"0"题"', "第5题"),
        ("400000", '#,##0"元"', "400,000元"),
        ("400000", 4, "400,000.00"),
        ("-1234.5", "#,##0.00_);[Red]\\(#,##0.00\\)", "(1,234.50)"),
        ("400000", '_ "¥"* #,##0.00_ ;_ "¥"* \\-#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', "¥400,000.00"),
        ("-1234.5", "[$¥-804]#,##0.00", "-¥1,234.50"),
        ("123456", '0\\.0,"万元"', "12.3万元"),
        ("1234567", '0.00,,"百万元"', "1.23百万元"),
        ("13800001234", "000-0000-0000", "138-0000-1234"),
        ("123456789012345", 0, "123456789012345"),
        ("0.30000000000000004", 0, "0.3"),
        ("0.3333333333333333", 0, "0.333333333"),
        ("1E-5", 0, "0.00001"),
        ("1.5E3", "G/通用格式", "1500"),
        ("12.7", 1, "13"),
        ("2.5", 1, "3"),
        ("0", "0;-0;;@", "的显示格式隐藏了数字0，请把该列设为文本格式后重新填写"),
        ("0", '#,##0.00;-#,##0.00;"-"', "-"),
        ("1", '[=1]"是";[=0]"否";General', "是"),
        ("0", '[=1]"是";[=0]"否";General', "否"),
        ("20000", '[>=10000]0.0,"千";0', "20.0千"),
        (DAY, 14, "2026/3/5"),
        (DAY, "yyyy/m/d;@", "2026/3/5"),
        (DAY, 31, "2026年3月5日"),
        (DAY, 'yyyy"年"m"月"d"日";@', "2026年3月5日"),
        (DAY, "[$-804]YYYY\\-MM\\-DD", "2026-03-05"),
        (DAY, "e/m/d", "2026/3/5"),
        (DAY, 58, "3月5日"),
        (DAY, 'm"月"d"日"', "3月5日"),
        (DAY, 57, "2026年3月"),
        (DAY, "dd/mm/yyyy", "2026-03-05"),
        (DAY, "mm/dd/yy", "2026-03-05"),
        (DAY, "d\\.m\\.yyyy", "2026-03-05"),
        (DAY, "[$-409]d\\-mmm\\-yy;@", "2026-03-05"),
        (DAY, "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "2026-03-05"),
        (DAY, '[DBNum1][$-804]yyyy"年"m"月"d"日"', "2026-03-05"),
        (f"{DAY}.604166666664", 22, "2026/3/5 14:30"),
        (f"{DAY}.604166666664", "dd.mm.yyyy hh:mm:ss", "2026-03-05 14:30:00"),
        ("0.604166666666667", 20, "14:30"),
        ("0.604166666666667", '上午/下午h"时"mm"分"', "下午2时30分"),
        ("1.5", 46, "36:00:00"),
        ("45", 14, "1900/2/14"),
    ],
)
def test_a_number_is_read_as_it_is_shown(value: str, form: str | int, shown: str) -> None:
    at = "B2" if "隐藏" in shown else ""
    assert read_cell(number(value, 1), form) == f"{at}{shown}"


@pytest.mark.parametrize(
    ("cell", "form", "fault"),
    [
        (number("440106199001011000"), 0, "B2是数字4.40106E+17，15位以后的数字已丢失，请把该列设为文本格式"),
        (number("4.40106199001011E+17"), 0, "B2是数字4.40106E+17"),
        (number("440106199001011000", 1), "0", "15位以后的数字已丢失"),
        (number("12345", 1), 11, "B2显示为科学计数1.23E+4"),
        (number("0.5", 1), 12, "显示为分数"),
        (number("5", 1), ";;;", "隐藏了数字5"),
        (number("5", 1), "[DBNum2]General", "显示为中文数字"),
        (number(DAY, 1), "mmm-yy", "B2是日期2026-03-05，显示格式中有无法识别的写法"),
        (number("-5", 1), 14, "B2显示为######，不是有效的日期"),
        (number("9999999", 1), 14, "显示为######"),
        (number("60", 1), 14, "1900年"),
        (number("much"), 0, "B2是“much”，无法识别"),
        (number("1E999999999"), 0, "无法识别"),
        (number("1E-300"), 0, "科学计数"),
        (number("5", 1), "0" + "%" * 200, "显示格式无法识别"),
        (number("5", 1), "0." + "0" * 200, "显示格式无法识别"),
        ("<c t='e'><v>#N/A</v></c>", 0, "B2显示为“#N/A”，请改正公式，或直接填写内容"),
        ("<c t='e'><v>#DIV/0!</v></c>", 0, "#DIV/0!"),
        ("<c t='str'><f>1</f><v>#REF!</v></c>", 0, "#REF!"),
        (text("########"), 0, "列宽不够"),
        (text("Err:502"), 0, "Err:502"),
        ("<c><f>A1</f></c>", 0, "B2的公式没有结果，请用表格软件打开并保存一次"),
        ("<c><f>A1</f><v/></c>", 0, "公式没有结果"),
        ("<c t='d'><v>yesterday</v></c>", 0, "不是有效的日期"),
        ("<c t='inlineStr' s='1'><is><t>张三</t></is></c>", ";;;", "盖住了内容"),
    ],
)
def test_what_has_no_text_is_refused_with_its_place_and_what_to_write(cell: str, form: str | int, fault: str) -> None:
    assert fault in read_cell(cell, form)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("<c t='b'><v>1</v></c>", "TRUE"),
        ("<c t='b'><v>0</v></c>", "FALSE"),
        ("<c t='str'><f>1</f><v>甲</v></c>", "甲"),
        ("<c t='str'><f>1</f><v></v></c>", ""),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c t='d'><v>2026-03-05T00:00:00</v></c>", "2026-03-05"),
        ("<c t='d' s='1'><v>2026-03-05</v></c>", "3月5日"),
        ("<c t='inlineStr' s='2'><is><t>张</t></is></c>", "张先生"),
        (text('="440106"'), "440106"),
        (text("001"), "001"),
        (text("甲_x000D_\n乙"), "甲\n乙"),
        (text("甲_x005F_x000D_乙"), "甲_x000D_乙"),
        (text("_xD83D__xDE00_"), "\U0001f600"),
        (text("  甲　"), "甲"),
        ("<c t='inlineStr'><is><t>张</t><rPh sb='0' eb='1'><t>zhang</t></rPh></is></c>", "张"),
        ("<c t='s'><v>0</v></c>", "评标专家"),
        ("<c t='s'><v>1</v></c>", "10⁶元"),
        ("<c t='s'><v>2</v></c>", "H₂O"),
        ("<c t='s'><v>3</v></c>", "B2有上标“注”，无法作为普通文字保存，请改写"),
        ("<c t='s'><v>4</v></c>", "B2有删除线，请删除划掉的内容，或去掉删除线"),
        ("<c t='s' s='3'><v>0</v></c>", "B2有删除线，请删除划掉的内容，或去掉删除线"),
        ("<c s='3'><v>7</v></c>", "B2有删除线，请删除划掉的内容，或去掉删除线"),
        ("<c s='4'><v>7</v></c>", "⁷"),
        ("<c s='99'><v>7</v></c>", "7"),
    ],
)
def test_texts_of_all_kinds(cell: str, shown: str) -> None:
    raised = "<r><rPr><vertAlign val='superscript'/></rPr><t>{}</t></r>"
    strings = [
        "<r><t>评标</t></r><r><rPr><b/></rPr><t>专家</t></r><phoneticPr fontId='1'/>",
        f"<r><t>10</t></r>{raised.format('6')}<r><t>元</t></r>",
        "<r><t>H</t></r><r><rPr><vertAlign val='subscript'/></rPr><t>2</t></r><r><rPr/><t>O</t></r>",
        f"<r><t>甲</t></r>{raised.format('注')}",
        "<r><t>甲</t></r><r><rPr><strike/></rPr><t>乙</t></r>",
    ]
    content = workbook(
        ForeignSheet([HEADING, [text("张三"), cell]]),
        formats=['m"月"d"日"', '@"先生"'],
        fonts="<font/><font><strike/></font><font><vertAlign val='superscript'/></font>",
        cell_styles='<xf numFmtId="0" fontId="1"/><xf numFmtId="0" fontId="2"/>',
        strings=strings,
    )
    (line,) = lines_of(content)
    assert (line.faults.get(1) or line.cells[1]) == shown


def test_books_that_count_from_1904() -> None:
    assert read_cell(number("44624", 1), 14, since_1904=True) == "2026/3/5"


def test_strict_files_and_prefixes_are_read_alike() -> None:
    sheet = ForeignSheet([HEADING, LI])
    assert cells_of(workbook(sheet, namespace=STRICT)) == [("李四", "好")]
    prefixed = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row>'
        '<x:c t="str"><x:v>姓名</x:v></x:c></x:row><x:row><x:c t="str"><x:v>李四</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    assert cells_of(workbook(sheet, parts={"xl/worksheets/sheet1.xml": prefixed})) == [("李四", "")]


# ---- which sheet, which row

HELP = ForeignSheet([[text("列"), text("怎么填")], [text("姓名"), text("必填")]], "填写说明")


def test_the_sheet_that_fits_is_read_wherever_it_stands() -> None:
    names = ForeignSheet([HEADING, LI], "名单")
    empty = ForeignSheet([HEADING], "模板")
    secret = ForeignSheet([HEADING, [text("王五")]], "旧", "hidden")
    assert cells_of(workbook(HELP, names)) == [("李四", "好")]
    assert cells_of(workbook(secret, HELP, empty, names)) == [("李四", "好")]
    assert "工作表“名单”和工作表“又一个”都有内容" in refusal_of(workbook(names, ForeignSheet([HEADING, LI], "又一个")))
    assert "工作表“旧”被隐藏了，请取消隐藏" in refusal_of(workbook(HELP, secret))
    assert "没有内容" in refusal_of(workbook(HELP, empty))
    assert "工作表“填写说明”第2行有无法识别的列“必填”" in refusal_of(workbook(HELP, ForeignSheet([], "空")))


@pytest.mark.parametrize(
    "above",
    [
        [[text("2026年专家名单")], []],
        [[], [], [text("填报单位：某公司"), "", text("日期")]],
        [[text("基本信息"), text("其他")]],
    ],
)
def test_titles_and_blank_rows_may_stand_above_the_headings(above: list[list[str]]) -> None:
    (line,) = lines_of(workbook(ForeignSheet([*above, HEADING, [], LI])))
    assert line == Line(len(above) + 3, ("李四", "好"))


def test_headings_may_take_two_rows_with_merged_cells() -> None:
    merged = '<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>'
    rows = [[text("姓名"), text("情况")], ["<c/>", text("内容")], LI]
    assert cells_of(workbook(ForeignSheet(rows, after=merged))) == [("李四", "好")]


def test_headings_as_people_decorate_them() -> None:
    heading = [text("序号"), text("* 姓 名（必填）"), text("内\n容")]
    assert cells_of(workbook(ForeignSheet([heading, [number("1"), *LI], [number("2")]]))) == [("李四", "好")]


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        (ForeignSheet([[*HEADING, text("备注")], LI]), "第1行有无法识别的列“备注”，请使用模板的表头，或删除该列"),
        (ForeignSheet([[text("姓名"), text("内容1")], LI]), "第1行有无法识别的列“内容1”，请改成“内容”，或删除该列"),
        (ForeignSheet([[*HEADING, text("内容")], LI]), "第1行有重复的列“内容”"),
        (ForeignSheet([[text("内容")], LI]), "第1行缺少必填列“姓名”"),
        (ForeignSheet([HEADING, [*LI, text("注")]]), "C2有内容“注”，但该列没有列名"),
        (ForeignSheet([HEADING, LI, LI], hidden_rows=[3]), "第3行被隐藏或筛选掉了"),
        (ForeignSheet([HEADING, LI], before='<cols><col min="2" max="3" hidden="1"/></cols>'), "“内容”列被隐藏了"),
        (
            ForeignSheet([HEADING, LI, [text("王五")]], after='<mergeCells><mergeCell ref="B2:B3"/></mergeCells>'),
            "B2:B3是合并单元格，请取消合并，每行分别填写",
        ),
        (ForeignSheet([]), "文件是空的"),
    ],
)
def test_a_sheet_that_would_lose_something_is_refused(sheet: ForeignSheet, reason: str) -> None:
    assert reason in refusal_of(workbook(sheet))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "设有打开密码，请在表格软件中取消密码"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "旧版 .xls"),
        (b"%PDF-1.7", "这是PDF"),
        (b"\xff\xd8\xff\xe0", "这是图片"),
        (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", "网页格式的表格"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "XML格式的表格"),
        (workbook(ForeignSheet([]), parts={"xl/workbook.xml": "<broken"}), "损坏"),
    ],
)
def test_what_is_no_sheet_is_named(content: bytes, reason: str) -> None:
    assert reason in refusal_of(content)


@pytest.mark.parametrize(
    ("part", "name"),
    [("word/document.xml", "Word文档"), ("content.xml", "ODS表格"), ("Index/Document.iwa", "Numbers表格")],
)
def test_other_programs_files_are_named(part: str, name: str) -> None:
    content = workbook(ForeignSheet([]), parts={part: ""}).replace(b"xl/workbook.xml", b"xl/no_book.xmlx")
    assert f"这是{name}，请另存（或导出）为 .xlsx" in refusal_of(content)


# ---- CSV


@pytest.mark.parametrize(
    "content",
    [
        "姓名,内容\n李四,好\n".encode(),
        codecs.BOM_UTF8 + "姓名,内容\r\n李四,好\r\n".encode(),
        "姓名,内容\n李四,好\n".encode("gb18030"),
        codecs.BOM_UTF16_LE + "姓名\t内容\r\n李四\t好\r\n".encode("utf-16-le"),
        "姓名;内容\n李四;好\n".encode(),
        "姓名\t内容\n李四\t好\n".encode(),
        "sep=;\r\n姓名;内容\r\n李四;好\r\n".encode(),
        "2026年名单,\n\n序号,内容,姓名\n1,好,李四\n2,,\n".encode(),
        '姓名,内容\n"=""李四""","=""好"""\n'.encode(),
    ],
)
def test_csv_of_many_programs(content: bytes) -> None:
    assert cells_of(content) == [("李四", "好")]


@pytest.mark.parametrize("cell", ["4.40106E+17", "#N/A", "########", "#VALUE!"])
def test_traces_of_a_spreadsheet_in_a_csv_are_refused(cell: str) -> None:
    (line,) = lines_of(f"姓名,内容\n李四,{cell}\n".encode())
    assert line.faults[1].startswith(f"B2{'是' if cell[0] == '4' else '显示为'}“{cell}”")


def test_a_refusal_names_the_sheet_where_there_are_several() -> None:
    sheet = ForeignSheet([HEADING, [text("李四"), number("440106199001011000")]], "名单")
    (line,) = lines_of(workbook(HELP, sheet))
    assert line.faults[1].startswith("工作表“名单”B2是数字4.40106E+17")
