"""The gathering place in call notices: city, district and address, and no organisation's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.draws.addresses import find_organisation, is_complete
from domain.rulebook.book import Rulebook

BOOKS = load_rulebooks(Path(__file__).parents[3] / "config" / "rulebooks", ["demo", "guangdong"])
GOOD = (
    "广州市天河区天润路333号",
    "广州市越秀区越华路118号",
    "广东省广州市番禺区大学城外环西路100号",
    "广州市海珠区工业大道中心路8号",
    "佛山市顺德区大良街道厂前路1号",
    "长沙市岳麓区学院路5号",
    "北京市海淀区学院南路62号",
    "武汉市洪山区大学园路13号",
    "东莞市南城街道鸿福路99号",
    "东莞市长安镇德政中路2号",
    "中山市石岐街道兴中道6号",
    "中山市小榄镇升平中路10号",
    "儋州市那大镇中兴大街1号",
    "深圳市福田区中心五路1号",
    "上海市浦东新区世纪大道1号",
    "重庆市渝中区人民路232号",
    "广州市市桥街道捷进路1号",
    "荆州市沙市区北京路1号",
    "常德市津市市孟姜女大道1号",
    "湘西土家族苗族自治州吉首市人民路1号",
    "湖南省湘西州凤凰县南华路8号",
    "喀什地区喀什市色满路1号",
    "锡林郭勒盟锡林浩特市额尔敦路1号",
    "阿坝州若尔盖县达扎寺镇商业街1号",
    "乌鲁木齐市天山区黄河路62号",
    "长春市朝阳区人民大街9999号",
    "呼伦贝尔市鄂温克族自治旗巴彦托海镇索伦大街1号",
    "北京市海淀区永丰乡北清路1号",
    "广州市天河区银行街2号3楼",
    "深圳市南山区科学院路9号",
)
INCOMPLETE = (
    "广州市越华路118号",
    "广州市市桥路1号",
    "广州市越秀区",
    "广州市 越秀区 ",
    "市区",
    "广州市区",
    "广州市区东风路1号",
    "越秀区越华路118号",
    "越华路118号",
    "天河区广州市",
    "市天河区天润路333号",
    "",
)
ORGANISATIONS = {
    "广州市天河区粤和招标代理有限公司5楼": "公司",
    "广州市海珠区中山大学南校区": "大学",
    "广州市天河区华南理工大学行政楼": "大学",
    "广州市越秀区交易中心3楼": "中心",
    "广州市越秀区东风中路人民医院": "医院",
    "广州市番禺区政府大院": "政府",
    "深圳市福田区市民中心路口旁招商银行5楼": "银行",
    "佛山市禅城区设计院8号楼": "设计院",
    "广州市番禺区大学城广州大学5号楼": "大学",
}


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return BOOKS["guangdong"]


@pytest.mark.parametrize("address", GOOD)
def test_a_real_address_is_taken(book: Rulebook, address: str) -> None:
    rules = book.draw.notice
    assert is_complete(address, rules.address_parts)
    assert find_organisation(address, rules.address_forbidden_words) == ""


@pytest.mark.parametrize("address", INCOMPLETE)
def test_an_address_without_city_district_or_street_is_refused(book: Rulebook, address: str) -> None:
    assert not is_complete(address, book.draw.notice.address_parts)


@pytest.mark.parametrize(("address", "word"), ORGANISATIONS.items())
def test_an_organisation_is_found_though_a_street_is_named_after_one(book: Rulebook, address: str, word: str) -> None:
    assert find_organisation(address, book.draw.notice.address_forbidden_words) == word


def test_venue_addresses_of_every_pool_are_complete_and_name_no_organisation() -> None:
    for book in BOOKS.values():
        for venue in book.venues:
            assert is_complete(venue.address, book.draw.notice.address_parts), venue
            assert find_organisation(venue.address, book.draw.notice.address_forbidden_words) == "", venue
