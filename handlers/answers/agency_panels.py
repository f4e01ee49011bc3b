"""Answers for agencies about a panel that was drawn: who doesn't come, who is late, the list, check-in, payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.router import Handler
from bot.turn import Turn
from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState
from domain.rulebook.book import Rulebook
from domain.rulebook.reading import print_length
from handlers import commands, draws, people
from handlers.answers import own_draws
from handlers.answers.own_draws import DrawQuestion, DrawStep
from services.core.base import Actor
from services.draws import WorkLine

_RUN, _ABSENCES, _ARRIVALS = "/agency/draws/{id}/run", "/draws/{id}/absences", "/agency/draws/{id}/attendance"
_RESULT, _DOOR, _SCREEN = "/agency/draws/{id}/result", "/draws/{id}/attendance", "/draws/{id}/screen"
_PANEL = (
    DrawState.DRAWING,
    DrawState.PAUSED,
    DrawState.ENDING,
    DrawState.COMPLETED,
    DrawState.SHORT,
    DrawState.SUPPLEMENT_PENDING,
)
"""Experts have agreed, or are being called."""
_MISSING = (DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)
_DOOR_ROLES = ("venue", "verifier")
_SHOWN = 3

ABSENT_NOTHING = "目前没有抽到专家、还没评完的活动。"
ABSENT_GENERAL = (
    "集合前来不了的，请专家本人回复“请假”，您也可以登记请假，本人{confirm}内确认才算；"
    "到集合时间没来的登记缺席，再启动补抽。"
)
ABSENT_BEFORE = (
    "还没到集合时间（{at}）：来不了的，请专家本人在公众号回复“请假”；您也可以凭验证码登记请假，本人{confirm}内确认才算。"
    "空出名额后启动补抽。"
)
ABSENT_GATHERED = "没到的可以登记缺席（刚同意参加、不到{lead}的除外），已进场的只能登记现场回避；登记后启动补抽。{late}"
ABSENT_STARTED = (
    "评标开始时间已过：没到的登记缺席，不推迟开始就不能再补抽。{postpone}"
    "人数不够、有人中途离开，能否评标请问主管部门和场地。"
)
ABSENT_VACANT = "已空出{missing}个名额，要您启动补抽才会再抽，原来的名额不会自动补。{late}"
ABSENT_RECALL = "复评不能补抽：没来的登记缺席，按现有专家评标，或终止后重新抽取。"
ABSENT_PAGE = "登记请假或缺席"
SUPPLEMENT_PAGE = "去补抽"

LATE_NOTHING = "目前没有到了集合时间还没签到、可以催促的专家。"
LATE_GENERAL = (
    "集合后{window}内可以催促：语音最多{most}次，每次隔{pause}；解密前由评标场地催促。"
    "等不等由您决定，评标结束前他都可以签到；不来的登记缺席，再补抽。"
)
LATE_STEP = "已到{present}人，{late}人没有签到。{how}人在哪里系统不知道；不等的登记缺席，再补抽。"
LATE_ANNOUNCED = "有{announced}位专家已经说明晚到，几点到已发消息通知您，之前不用语音催促。"
LATE_WAIT = "等不等由您决定，不等的登记缺席，再补抽。"
LATE_MAY_URGE = "现在可以语音催促（最多{most}次，每次隔{pause}）或用虚拟号呼叫。"
LATE_OTHERS_URGE = "{how}。"
ARRIVALS_PAGE = "专家出入场情况"
LATE_BRIEF = "已到{present}人，{late}人未签到"
LATE_ANNOUNCED_BRIEF = "{announced}人说明晚到"

UNSEAL_NOTHING = "目前没有抽过、还没评完的活动；评完的在抽取活动列表里打开抽取结果。"
UNSEAL_GENERAL = "名单在评标开始前{before}自动解密，不用操作，谁都不能提前；之前只显示验证码。"
UNSEAL_SEALED = (
    "名单{at}自动解密（评标开始前{before}），不用操作，谁都不能提前。之前只显示验证码；评标推迟开始的，解密跟着推迟。"
)
UNSEAL_OPEN = (
    "名单已在{at}解密：抽取结果里有姓名和单位，每次查看都有记录。"
    "手机号不显示全部，要联系的在专家出入场情况用虚拟号呼叫。"
)
UNSEAL_OPEN_BRIEF = "已解密"
UNSEAL_SEALED_BRIEF = "{at}解密"
UNSEAL_PAGE = "抽取结果"

NUMBER_GENERAL = (
    "系统不给出专家的手机号。名单在评标开始前{before}解密；之后，在“专家出入场情况”里用虚拟号呼叫专家，双方都看不到对方的号码；"
    "解密前只能由评标场地联系。要通知全部专家的事（改时间、取消），在活动里办理，系统会通知到每一位。"
)
NUMBER_NOTHING = "目前没有已经解密、还没评完的活动。"
NUMBER_SEALED = (
    "名单{at}才解密，这之前不能联系专家；急事请找评标场地。改时间、取消等，在活动里办理，系统会通知每一位专家。"
)
NUMBER_OPEN = "名单已解密：在“专家出入场情况”里用虚拟号呼叫，双方都看不到对方的号码。"

CHECK_IN_AGENCY = (
    "签到由评标场地办理，代理机构不能代签：专家到场后扫现场的签到码，扫不了、没带手机的报六位验证码由场地登记。"
    "忘了验证码的，请专家看短信或回复“我的活动”；不在名单上的不能进场。"
)
CHECK_IN_DOOR = (
    "打开签到台，凭专家的六位验证码登记{exits}；或打开签到大屏让专家扫码，码每{valid}内更新，不能打印。"
    "集合前{opens}开始；登记错了不能撤销，请先核对。身份证由现场人员核对，扫不了、没带手机、提示太远的都凭验证码。来电说晚到的，也在签到台登记。"
)
CHECK_IN_OUT = "进场和离场"
CHECK_IN_IN = "进场"
CHECK_IN_NONE = "今天没有集合的评标。"
DOOR_PAGE = "签到台：{draw}"
SCREEN_PAGE = "签到大屏：{draw}"
ALL_DRAWS = "全部活动"

PAY_OWED = (
    "有{count}笔酬劳待支付：先在系统外付给专家，再登记支付日期和方式（{ways}），登记错了可以撤销；支付表也在页面下载。"
)
PAY_NOTHING = "目前没有待支付的酬劳。"
PAY_GENERAL = "评标结束后由场地提出，专家确认，或{within}没有答复的，才到您支付；有异议由场地答复，您不能改金额。"
PAY_STANDARD = "标准：{standard}。"
PAY_NO_STANDARD = "本专家库没有统一标准，金额由场地填写。"
PAY_UNRULED = "由谁付、税费和发票系统不作规定，请按当地要求；银行卡号请向专家本人要。"
PAY_LINE = "{number}　待支付{count}笔"
PAY_PAGE = "专家酬劳支付情况"


async def offer_absence(turn: Turn) -> str:
    """How an expert who doesn't come is registered, and when his place is filled."""
    book = turn.services.deps.book(turn.user.pool)

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.state not in _PANEL or (not draw.agreed and draw.state not in _MISSING):
            return None
        if draw.kind == "recall":
            return DrawStep(ABSENT_RECALL, ABSENT_PAGE, _ABSENCES)
        if draw.state in _MISSING and turn.now < draw.starts_at:
            late = own_draws.new_times_first(draw, book.draw, turn.now)
            return DrawStep(ABSENT_VACANT.format(missing=draw.needed - draw.agreed, late=late), SUPPLEMENT_PAGE, _RUN)
        return DrawStep(_absence_text(draw, book, turn.now), ABSENT_PAGE, _ABSENCES)

    general = ABSENT_GENERAL.format(confirm=print_length(book.draw.leave.confirm_within))
    words = (commands.URGE, commands.SUPPLEMENT)
    return await own_draws.answer(turn, DrawQuestion(step, ABSENT_NOTHING, general, words))


def _absence_text(draw: WorkLine, book: Rulebook, now: datetime) -> str:
    if now >= draw.starts_at:
        return ABSENT_STARTED.format(postpone=own_draws.describe_postponement(book.draw))
    if draw.gathering_at is not None and now < draw.gathering_at:
        confirm = print_length(book.draw.leave.confirm_within)
        return ABSENT_BEFORE.format(at=print_time(draw.gathering_at), confirm=confirm)
    late = own_draws.new_times_first(draw, book.draw, now)
    return ABSENT_GATHERED.format(lead=print_length(book.draw.agreement_lead), late=late)


async def offer_urging(turn: Turn) -> str:
    """How many are late, and who may urge them now."""
    rules = turn.services.deps.book(turn.user.pool).attendance
    limits = {
        "window": print_length(rules.urging_window),
        "most": rules.urging_voice_max,
        "pause": print_length(rules.urging_pause),
    }

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.state not in _PANEL or not (draw.late or draw.announced):
            return None
        announced = LATE_ANNOUNCED.format(announced=draw.announced) if draw.announced else ""
        if not draw.late:
            text = f"{announced}{LATE_WAIT}"
            return DrawStep(text, ARRIVALS_PAGE, _ARRIVALS, LATE_ANNOUNCED_BRIEF.format(announced=draw.announced))
        how = LATE_OTHERS_URGE.format(how=draw.urged_by) if draw.urged_by else LATE_MAY_URGE.format(**limits)
        text = LATE_STEP.format(present=draw.present, late=draw.late, how=how) + announced
        return DrawStep(text, ARRIVALS_PAGE, _ARRIVALS, LATE_BRIEF.format(present=draw.present, late=draw.late))

    words = (commands.TODAY, commands.URGE)
    return await own_draws.answer(turn, DrawQuestion(step, LATE_NOTHING, LATE_GENERAL.format(**limits), words))


async def tell_unsealing(turn: Turn) -> str:
    """When the names open; the chat shows no name even then."""
    rules = turn.services.deps.book(turn.user.pool).draw
    before = print_length(rules.result_visible_before)

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.state not in _PANEL:
            return None
        opens = draw.starts_at - rules.result_visible_before
        at = print_time(opens)
        if turn.now >= opens:
            return DrawStep(UNSEAL_OPEN.format(at=at), UNSEAL_PAGE, _RESULT, UNSEAL_OPEN_BRIEF)
        sealed = UNSEAL_SEALED.format(at=at, before=before)
        return DrawStep(sealed, UNSEAL_PAGE, _RESULT, UNSEAL_SEALED_BRIEF.format(at=at))

    general = UNSEAL_GENERAL.format(before=before)
    return await own_draws.answer(turn, DrawQuestion(step, UNSEAL_NOTHING, general, (commands.DRAWS, commands.TODAY)))


async def tell_numbers(turn: Turn) -> str:
    """No telephone number is told: how an expert is called without it, and from when."""
    rules = turn.services.deps.book(turn.user.pool).draw

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.state not in _PANEL:
            return None
        at = draw.starts_at - rules.result_visible_before
        if turn.now < at:
            return DrawStep(NUMBER_SEALED.format(at=print_time(at)), ARRIVALS_PAGE, _ARRIVALS)
        return DrawStep(NUMBER_OPEN, ARRIVALS_PAGE, _ARRIVALS)

    general = NUMBER_GENERAL.format(before=print_length(rules.result_visible_before))
    words = (commands.TODAY, commands.URGE)
    return await own_draws.answer(turn, DrawQuestion(step, NUMBER_NOTHING, general, words))


async def tell_check_in(turn: Turn) -> str:
    """The venue's pages for who registers arrivals; an agency learns who does."""
    who = await people.find_who(turn)
    doors = [role for role in who.roles if role.role in _DOOR_ROLES] if who is not None else []
    if doors:
        return await _open_door(turn, [draws.actor_of(turn, role) for role in doors])
    if await own_draws.agency_actors(turn) or (people.may_work(turn) and who is not None and people.has_office(who)):
        return f"{CHECK_IN_AGENCY}\n{commands.tap_lines(commands.TODAY, commands.WORK)}"
    return own_draws.answer_stranger(turn, CHECK_IN_AGENCY)


async def _open_door(turn: Turn, actors: list[Actor]) -> str:
    rules = turn.services.deps.book(turn.user.pool).attendance
    how = CHECK_IN_DOOR.format(
        exits=CHECK_IN_OUT if rules.entry_and_exit else CHECK_IN_IN,
        valid=print_length(rules.qr_valid),
        opens=print_length(rules.check_in_opens),
    )
    by_id = {draw.id: draw for actor in actors for draw in await _panels_today(turn, actor)}
    panels = list(by_id.values())
    lines = [how if panels else f"{CHECK_IN_NONE}{how}"]
    for draw in panels[:_SHOWN]:
        lines.append(f"▸ {own_draws.link_of(turn, DOOR_PAGE.format(draw=_at(draw)), _DOOR.format(id=draw.id))}")
        lines.append(f"▸ {own_draws.link_of(turn, SCREEN_PAGE.format(draw=_at(draw)), _SCREEN.format(id=draw.id))}")
    if len(panels) != 1:
        lines.append(f"▸ {own_draws.link_of(turn, ALL_DRAWS, '/draws')}")
    return "\n".join([*lines, commands.tap_lines(commands.TODAY)])


async def _panels_today(turn: Turn, actor: Actor) -> list[WorkLine]:
    worklist = await turn.services.draws.worklists.read(actor, "today", limit=_SHOWN + 1)
    return [draw for draw in worklist.lines if draw.state != DrawState.ENDED]


def _at(draw: WorkLine) -> str:
    """Hour of the gathering and number."""
    return f"{local(draw.gathering_at):%H:%M} {draw.number}" if draw.gathering_at else draw.number


async def tell_payment(turn: Turn) -> str:
    """What the agency has to pay now, by draw, and how it is registered."""
    book = turn.services.deps.book(turn.user.pool)
    rules = book.remuneration
    standard = PAY_STANDARD.format(standard=rules.table.standard) if rules.table else PAY_NO_STANDARD
    general = f"{PAY_GENERAL.format(within=print_length(rules.answer_within))}{standard}{PAY_UNRULED}"
    actors = await own_draws.agency_actors(turn)
    if not actors:
        return own_draws.answer_stranger(turn, general)
    staff_work = turn.services.office.staff_work
    owed = {draw.id: draw for actor in actors for draw in await staff_work.list_owed_draws(actor)}
    count = sum(draw.payable for draw in owed.values())
    due = PAY_OWED.format(count=count, ways="、".join(rules.pay_ways)) + standard
    lines = [due if owed else f"{PAY_NOTHING}{general}"]
    for draw in list(owed.values())[:_SHOWN]:
        label = PAY_LINE.format(number=draw.number, count=draw.payable)
        lines.append(f"▸ {own_draws.link_of(turn, label, f'/agency/draws/{draw.id}/remuneration')}")
    lines.append(f"▸ {own_draws.link_of(turn, PAY_PAGE, '/agency/remuneration')}")
    return "\n".join([*lines, commands.tap_lines(commands.TO_DO)])


ANSWERS: Mapping[str, Handler] = {
    "expert_absent": offer_absence,
    "expert_late": offer_urging,
    "list_unseal": tell_unsealing,
    "expert_contact": tell_numbers,
    "check_in_agency": tell_check_in,
    "pay_experts": tell_payment,
}
