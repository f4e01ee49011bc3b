"""The forms that an agency fills in: complete and valid, with times relative to now."""

from __future__ import annotations

from collections.abc import Sequence
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


def project_form(**change: object) -> Json:
    return {
        "name": "演示大道改造工程",
        "category": "工程建设项目招标投标/房屋建筑",
        "region": "440106",
        "funding_source": "国家或政府投资项目",
        "tender_method": "公开招标",
        "organisation_form": "委托招标",
        "tenderee_category": "法人",
        "investment": 150_0000_00,
        "tenderee_name": TENDEREE,
        "tenderee_code": TENDEREE_CODE,
        "contact": "张三",
        "contact_phone": "18080808080",
        "agency_name": AGENCY,
        "agency_code": AGENCY_CODE,
        "number": "E4401000001202611210",
    } | change


def draw_form(
    project_id: str, lots: Sequence[str], times: EvaluationTimes, *, needed: int, supervisor: str, **change: object
) -> Json:
    """``supervisor``: id of an entry of the office's register."""
    return {
        "project_id": project_id,
        "lots": list(lots),
        "name": DRAW,
        "medium": "广东省招标投标监管网",
        "opening_at": times.opening.isoformat(),
        "opening_place": "第一开标室",
        "needed": needed,
        "starts_at": times.starts.isoformat(),
        "ends_at": times.ends.isoformat(),
        "on_site": True,
        "operator_name": "周代理",
        "operator_phone": "19900000001",
        "operator_id_number": "11010519491231002X",
        "supervisors": [supervisor],
    } | change


def notice_form(times: EvaluationTimes, venue: str, address: str, **change: object) -> Json:
    return {
        "venue": venue,
        "address": address,
        "room": "3号评标室",
        "gathering_at": times.gathering.isoformat(),
        "contact": "陈场地",
        "contact_phone": "020-28866000",
        "remark": "请携带身份证原件。",
    } | change


def condition_form(notice_id: str, planned: int, **change: object) -> Json:
    return {
        "notice_id": notice_id,
        "region_mode": "permanent",
        "regions": ["440100"],
        "specialty": "A08",
        "planned": planned,
    } | change


def typed(form: Json) -> dict[str, str]:
    """The values that a person types into the page's form: times in Beijing, money in 万元.

    Lots and supervisors are left out, since they are ticked.
    """
    found = {name: str(value) for name, value in form.items() if isinstance(value, str | int)}
    found |= {
        name: f"{local(datetime.fromisoformat(form[name])):%Y-%m-%dT%H:%M}" for name in form if name.endswith("_at")
    }
    found |= {name: "1" if value else "0" for name, value in form.items() if isinstance(value, bool)}
    if "investment" in form:
        found["investment"] = str(form["investment"] // 1_000_000)
    if "regions" in form:
        found["regions"] = ",".join(form["regions"])
    found.pop("project_id", None)
    return found


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
