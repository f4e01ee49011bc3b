"""The forms of a project and of a draw, as an agency fills them in (manual 15, 16, 18, 19)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from app.players import forms
from app.players.browser import WebBrowser
from app.players.forms import EvaluationTimes
from domain.clock import local
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day, at

STARTS = "starts_at"


def project_fields(**change: str) -> dict[str, str]:
    own = {
        "name": "招标代理演示项目0617",
        "tenderee_name": gd.TENDEREE,
        "tenderee_code": gd.TENDEREE_CODE,
        "agency_name": gd.AGENCY,
        "agency_code": gd.AGENCY_CODE,
        "on_site": "1",
    }
    return forms.project_fields(**own | change)


async def evaluation_times(day: Day, hours: int = 6) -> EvaluationTimes:
    """Opening two hours before the gathering, evaluation three quarters of an hour after it."""
    return EvaluationTimes.after(await day.stage.now(), gathering=timedelta(hours=hours))


async def evaluation_fields(day: Day, in_days: int) -> dict[str, str]:
    """Bids close at nine and are opened at ten; the evaluation is from two to six."""
    noon = local(await day.stage.now() + timedelta(days=in_days)).replace(hour=12, minute=0)
    hours = {"bid_closing_at": -3, "opening_at": -2, STARTS: 2, "ends_at": 6}
    return {name: at(noon, hours=later) for name, later in hours.items()}


async def save_draw(
    day: Day, times: EvaluationTimes, needed: int, *ticks: str, project: str = "", **change: str
) -> WebBrowser:
    """The form of step 2, filled in and sent."""
    page = await day.at(f"/agency/draws/new?project={project or day.project}")
    ticked = page.page.form_of("保存，下一步").ticked(gd.SUPERVISOR_NAME, *ticks)
    await page.press("保存，下一步", **forms.draw_fields(times, needed, **change), **ticked)
    return page


def supervisor_tick(browser: WebBrowser) -> dict[str, str]:
    return browser.page.form_of("保存，下一步").ticked(gd.SUPERVISOR_NAME)


def notice_fields(met: datetime, **change: str) -> dict[str, str]:
    return forms.notice_fields(met, gd.VENUE, gd.ADDRESS, **change)


def select_options(browser: WebBrowser, name: str) -> list[tuple[str, str]]:
    """Labels and values of a select's options."""
    [inside] = re.findall(rf'<select[^>]*name="{name}"[^>]*>(.*?)</select>', browser.page.html, re.DOTALL)
    options = re.findall(r'<option\s+value="([^"]*)"[^>]*>([^<]*)', inside)
    return [(label.strip(), value) for value, label in options]
