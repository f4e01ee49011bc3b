"""The forms that an agency fills in: complete and valid, with times relative to now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.players.http_client import Json
from app.players.people import AGENCY, AGENCY_CODE
from domain.clock import local

DRAW = "演示大道改造工程(一标段)"
TENDEREE = "演示水务建设有限公司"
TENDEREE_CODE = "91440101MA5000002T"


@dataclass(frozen=True)
class EvaluationTimes:
    """The times of an evaluation."""

    opening: datetime
    gathering: datetime
    starts: datetime
    ends: datetime

    @classmethod
    def after(
        cls, now: datetime, *, gathering: timedelta = timedelta(hours=4), wait: timedelta = timedelta(minutes=45)
    ) -> EvaluationTimes:
        """Gathering ``gathering`` after ``now``, the expected start ``wait`` after it; whole minutes."""
        begin = local(now).replace(second=0, microsecond=0)
        met = begin + gathering
        return cls(met - timedelta(hours=2), met, met + wait, met + wait + timedelta(hours=3))


def project_fields(**change: str) -> dict[str, str]:
    """The fields of a new project; money in 万元."""
    return {
        "name": "演示大道改造工程",
        "category": "工程建设项目招标投标/房屋建筑",
        "region": "440106",
        "funding_source": "国家或政府投资项目",
        "tender_method": "公开招标",
        "organisation_form": "委托招标",
        "tenderee_category": "法人",
        "investment": "150",
        "tenderee_name": TENDEREE,
        "tenderee_code": TENDEREE_CODE,
        "contact": "张三",
        "contact_phone": "18080808080",
        "agency_name": AGENCY,
        "agency_code": AGENCY_CODE,
        "number": "E4401000001202611210",
    } | change


def draw_fields(times: EvaluationTimes, needed: int, **change: str) -> dict[str, str]:
    """The fields of a draw's basic data, but for lots and supervisors, which are ticked."""
    return {
        "name": DRAW,
        "medium": "广东省招标投标监管网",
        "opening_at": print_moment(times.opening),
        "opening_place": "第一开标室",
        "needed": str(needed),
        "starts_at": print_moment(times.starts),
        "ends_at": print_moment(times.ends),
        "on_site": "1",
        "operator_name": "周代理",
        "operator_phone": "19900000001",
        "operator_id_number": "11010519491231002X",
    } | change


def notice_fields(gathering: datetime, venue: str, address: str, **change: str) -> dict[str, str]:
    """The fields of a voice notice."""
    return {
        "venue": venue,
        "address": address,
        "room": "3号评标室",
        "gathering_at": print_moment(gathering),
        "contact": "陈场地",
        "contact_phone": "020-28866000",
        "remark": "请携带身份证原件。",
    } | change


def condition_fields(planned: int, **change: str) -> dict[str, str]:
    """The fields of a condition; the page chooses the only voice notice by itself."""
    return {
        "region_mode": "permanent",
        "regions": "440100",
        "specialty": "A08",
        "planned": str(planned),
    } | change


def print_moment(at: datetime) -> str:
    """The value of a field for date and time, in Beijing."""
    return f"{local(at):%Y-%m-%dT%H:%M}"


def application_values(employer_id: str) -> Json:
    """Every field of the demo pool's application form that is typed or chosen."""
    return {
        "political_status": "群众",
        "region": "440106",
        "address": "天河区演示路1号",
        "email": "jiang@mail.example",
        "employer": employer_id,
        "work_history": [
            {"unit": "演示建筑设计院", "position": "主任工程师", "since": "2019-03"},
            {"unit": "演示工程咨询有限公司", "position": "工程师", "since": "2014-07", "until": "2019-02"},
        ],
        "education": "硕士研究生",
        "degree": "硕士",
        "school": "演示大学",
        "major": "土木工程",
        "title_level": "2001",
        "qualifications": [{"code": "Q0301", "number": "S20190100001"}],
        "specialties": [{"code": "A080101", "choice": "preferred"}, {"code": "A040101", "choice": "alternative"}],
        "remote_evaluation": True,
        "emergency": False,
        "strengths": "大跨结构设计与施工方案评审。",
        "experience": "无",
        "recusal_units": [],
    }
