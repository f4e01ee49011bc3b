"""Nobody is sent to a telephone for nothing: each text that ends at the office names what the office does there.

An answer is a declared command, ``office.people.disable``, or a page on which the office reads what is asked,
``/office/experts/{id}``. A sentence that no answer stands for fails, and so does an answer that no page has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.hotline_texts import find_texts
from tests.web.test_acts_about_persons import declared_acts
from web.core.pages import PageGroup, declared_pages

_NEW_MOBILE, _IDENTITY, _FIELD = "office.people.file_mobile", "office.people.correct_identity", "office.people.correct"
_ENABLE, _DISABLE, _UNBIND = "office.people.enable", "office.people.disable", "office.people.unbind"
_LOOK_UP, _FILE = "office.people.search", "/office/experts/{id}"
_APPLICATION, _DRAW, _ORDER = "/office/applications/{id}", "/draws/{draw_id}", "/office/orders/{id}"
_MAKE_UP, _WINDOWS = "office.course_participants.give_make_up", "office.campaigns.save"
_TRAINED, _INVOICE = "office.course_participants.record_finished", "office.invoices.reverse office.invoices.attach"
_SANCTION = "office.experts.lift office.experts.answer"
_STRANGER = f"{_UNBIND} {_DISABLE} {_NEW_MOBILE}"
"""Somebody else acts for the person: his WeChat, his account, his number."""
_NOTICES = "config/rulebooks/_notice_texts.toml "
OF_NOTICES: Mapping[str, str] = {
    "absence_registered": _DRAW,
    "account_bound": _STRANGER,
    "account_closed": _LOOK_UP,
    "account_joined": _STRANGER,
    "application_ended": f"{_APPLICATION} {_ORDER}",
    "application_entered": _FILE,
    "application_refused": f"{_APPLICATION} office.applications.reinstate",
    "certificate_revoked": "office.certificates.issue_missing",
    "desk_registered": _DRAW,
    "draw_cancelled": _DRAW,
    "draw_declined": f"{_STRANGER} agency.calling.supplement",
    "draw_release_text": _DRAW,
    "draw_released": _DRAW,
    "draw_unclear": _DRAW,
    "expert_left": "office.experts.restore office.expert_sheets.confirm",
    "expert_restored": _FILE,
    "file_changed": f"{_FIELD} {_STRANGER}",
    "gathering_stays": _DRAW,
    "late_recorded": _DRAW,
    "leave_confirmed": f"{_STRANGER} agency.calling.supplement",
    "mini_program_bound": _STRANGER,
    "mobile_changed": f"{_NEW_MOBILE} {_DISABLE}",
    "mobile_filed": "office.people.withdraw",
    "panel_stays": _DRAW,
    "password_changed": f"office.people.reissue_password {_STRANGER}",
    "person_corrected": f"office.people.withdraw office.people.refuse {_ENABLE} {_FIELD} {_NEW_MOBILE}",
    "person_differs": f"{_IDENTITY} office.people.verify_again",
    "recall_hindered": f"{_FIELD} {_DRAW}",
    "recall_stated": _DRAW,
    "recusal_declared": f"{_STRANGER} {_FIELD}",
    "remuneration_paid": "agency.remuneration.unmark",
    "remuneration_unpaid": "agency.remuneration.mark_chosen",
    "role_changed": "office.staff.grant office.staff.revoke office.reviewers.grant office.reviewers.revoke",
    "sanction_answered": _SANCTION,
    "sanction_ended": _SANCTION,
    "sanction_imposed": _SANCTION,
    "supervisor_removed": _DRAW,
}
"""Notices by kind: all sentences of one are about the same matter."""
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "web/templates/applications/help.html": {"请换个说法，或拨打{}": _LOOK_UP},
    "web/templates/notifications/own_feedback.html": {
        "急事请拨打{}": _DRAW,
        "本专家库暂未开通投诉与意见反馈，请拨打{}": _LOOK_UP,
    },
    "web/templates/notifications/own_thread.html": {
        "已经超期，急的请拨打{}": "office.feedback.answer",
        "或拨打{}": _LOOK_UP,
    },
    "config/rulebooks/_defaults.toml": {
        "您可以随时回复“解绑”，或拨打热线查询、更正、导出、删除您的信息": f"{_FIELD} {_IDENTITY} {_NEW_MOBILE}",
    },
    "config/rulebooks/_entry_defaults.toml": {
        "如旧手机已停用，请拨打服务热线核实": _NEW_MOBILE,
        "政务服务热线 12345": "office.feedback.answer",
        "请携带身份证到管理机构窗口核验，或拨打服务热线预约视频核验": "office.exam_candidates.identify",
    },
    "config/rulebooks/demo.toml": {"缴费后需要退费的，请拨打演示热线400-000-0000": "office.orders.refund"},
    "config/rulebooks/guangdong.toml": {
        "政务服务热线 12345": "office.feedback.answer",
        "本专家库暂不在线受理入库申请，请关注省专家库公告或拨打12345咨询": "office.expert_sheets.confirm",
    },
    "config/rulebooks/hunan.toml": {
        "列表中没有的，可申请添加或拨打服务热线": "office.employers.add",
        "可在单位搜索页申请添加，或拨打服务热线说明情况": "office.employers.add office.employers.accept",
        "请拨打服务热线说明情况，由工作人员解锁": "office.applications.unlock",
    },
    "config/rulebooks/xinjiang.toml": {"如旧手机已停用，请拨打0991-8837410核实": _NEW_MOBILE},
    "handlers/answers/terms.py": {
        "免修、延期、其他地方的学时能否抵扣，由专家库管理机构认定，请拨打{}": _TRAINED,
        "其他部门有要求的，请以通知为准，或拨打{}咨询": _TRAINED,
        "对退库有疑问的，请拨打{}": "office.experts.restore",
        "想保留账号、只退库的，请拨打{}": "office.experts.remove_from_pool",
        "日期有误请拨打{}更正": "office.expert_sheets.confirm",
        "逾期后可以{}补学{}次，再不行请拨打{}": _MAKE_UP,
    },
    "handlers/answers/staff.py": {
        "专家和申请的资料只有专家库管理员可以查，要查的请拨打{}": _LOOK_UP,
        "审什么、凭什么退回以管理机构的要求为准，不清楚的请拨打{}": _APPLICATION,
        "监督人不能叫停抽取，也不在系统里写意见，发现问题请向主管部门反映，或拨打{}": _DRAW,
    },
    "handlers/answers/remuneration.py": {
        "联系不上的，请拨打{}": "agency.remuneration.mark_chosen",
    },
    "handlers/answers/panels.py": {
        "其他事情请拨打{}": _DRAW,
    },
    "handlers/answers/membership.py": {
        "姓名和身份证号不能自己修改，有误请拨打{}": _IDENTITY,
        "收到扣分、评级通知的，是其他部门发的，请向发通知的单位查询，或拨打{}": _SANCTION,
        "暂时没有单位，或证明不能盖章的，请拨打{}": _FIELD,
    },
    "handlers/answers/invitations.py": {
        "本地另有规定的，请拨打{}": "draws.absences.register",
        "要找人请拨打{}": _DRAW,
        "认为应通知您而没有通知的，请拨打{}": _FILE,
    },
    "handlers/answers/agency_rounds.py": {
        "名册里没有的请拨打{}": "office.supervisors.add",
        "名册里没有要选的人，请拨打{}": "office.supervisors.add",
    },
    "handlers/answers/agency_draws.py": {
        "到评标开始仍没核验的自动退回，急的请拨打{}": _DRAW,
        "没有规定时限，急的请拨打{}": _DRAW,
        "通过后请在{}前启动退选，急的请拨打{}": _DRAW,
    },
    "handlers/answers/agencies.py": {
        "办不了的请拨打{}": _LOOK_UP,
    },
    "handlers/answers/accounts.py": {
        "仍被别人登录的，请拨打{}": _STRANGER,
        "提示号码已被使用的，请拨打{}核实": f"office.people.release_mobile {_NEW_MOBILE}",
        "旧号码收不到短信，又不能用密码确认的，请拨打{}，核对身份后登记新号码": _NEW_MOBILE,
        "没有您要的身份，请拨打{}核对登记的手机号": f"{_NEW_MOBILE} office.staff.grant",
        "登记的号码停用了，或者一直收不到的，请拨打{}": _NEW_MOBILE,
        "登记的号码已经停用、收不到短信的，不用登录：请拨打{}{}，由管理机构核对身份后登记新号码": _NEW_MOBILE,
        "账号停用后不能登录，请拨打{}，核对后恢复": _ENABLE,
        "还是登录不上的，请拨打{}，说明屏幕上的提示": _LOOK_UP,
    },
    "handlers/answers/contacts.py": {
        "“{}”的申诉期限已过，有疑问请拨打{}": _SANCTION,
        "{}不同意审核意见的，请拨打{}": _APPLICATION,
        "{}认为审核有误的，请拨打{}，由管理机构核实，属实的可以重新受理": "office.applications.reinstate",
        "仍有疑问请拨打{}": "office.exam_candidates.give_back",
        "每项处理只能申诉一次，仍有疑问请拨打{}": _SANCTION,
        "您的“{}”成绩已过申请复核的时间，有疑问请拨打{}": "office.exam_scores.void office.exam_candidates.give_back",
        "有疑问请拨打{}": _LOOK_UP,
        "评标、请假、缺席等记录在我的档案的履职记录，有误的请拨打{}核实更正": _FILE,
        "请拨打{}，由工作人员接听": _LOOK_UP,
    },
    "handlers/certificates.py": {"还没有的，请拨打{}补发": "office.certificates.issue_missing"},
    "handlers/answers/courses.py": {
        "仍不对的请拨打{}，说明课程和第几节": f"/office/courses/enrolments/{{id}} {_TRAINED}",
        "纸质专家证、聘书的发放和补办，请拨打{}": _FILE,
    },
    "handlers/answers/exam_results.py": {
        "“{}”的考试已结束，能否补考请拨打{}": f"{_MAKE_UP} office.exam_candidates.give_back",
        "参加过考试的，请拨打{}核实": "/office/exams/{id}/candidates/{candidate} office.exam_results.record_all",
        "因住院、出差、故障等没考成的，能否补考由管理机构决定，请拨打{}": "office.exam_candidates.give_back",
        "“{}”有面授或直播没有签到，补学也不能再签到，请拨打{}，由管理机构登记或另行安排": _TRAINED,
        "能否免考由管理机构决定，请拨打{}": f"office.applications.record_pass {_TRAINED}",
    },
    "handlers/answers/exams.py": {
        "仍不行请马上拨打{}": "office.exam_candidates.allow_devices",
        "别的页面或软件要您刷脸的，不是我们的，请先拨打{}核实": _STRANGER,
        "因故障时间不够的，马上拨打{}": "office.exam_candidates.allow",
        "确实不能参加的，请在考前拨打{}说明": "office.exam_candidates.drop office.exam_candidates.give_back",
        "请拨打{}说明情况，能否补考由管理机构决定": "office.exam_candidates.give_back",
        "马上要开考的，请直接拨打{}": "office.exam_candidates.identify",
    },
    "handlers/answers/fees.py": {
        "不支持对公转账、现金和批量付款，需要单位付款的请拨打{}": "/office/orders",
        "仍不能付的请拨打{}": _ORDER,
        "仍没有的，请把微信支付单号告诉{}": f"{_ORDER} /office/unmatched-payments",
        "付到别人的专家编号上，或不是在这里付的，请把微信支付单号告诉{}核实": f"{_ORDER} office.orders.refund",
        "可否补缴、延期，请拨打{}": f"office.applications.extend {_WINDOWS}",
        "如果确实付过款，请保存微信账单，并拨打{}核实": _LOOK_UP,
        "有人以本库名义要您付款的，请不要付，先拨打{}核实": _LOOK_UP,
    },
    "handlers/answers/invoices.py": {
        "“{}”的退费由管理机构办理，公众号里不能自助申请：请拨打{}，说明专家编号{}和原因": "office.orders.refund",
        "一直没有到账的请拨打{}": "office.orders.check_refund office.orders.redirect_refund",
        "抬头已开错、要专票或纸质发票、几人合开的，请拨打{}，由管理机构核对办理": _INVOICE,
        "没有收到的请拨打{}": "office.orders.check_refund office.orders.redirect_refund",
        "退费由管理机构办理，请拨打{}": "office.orders.refund",
    },
    "handlers/answers/application_fields.py": {
        "不能在这里更换的，请拨打{}，由管理机构更换": _FIELD,
        "要登记请拨打{}": _FIELD,
        "仍不对的请拨打{}": _LOOK_UP,
        "要改请拨打{}": _FIELD,
        "姓名或身份证号有变化的，请拨打{}更正": _IDENTITY,
        "自称专家库催办证件的短信，请拨打{}核实": _LOOK_UP,
        "退休、没有单位或有几个单位的，请咨询{}": f"{_APPLICATION} office.employers.add",
    },
    "handlers/answers/application_papers.py": {
        "档案需要更正的，请拨打{}": _FIELD,
        "要改内容请拨打{}解除锁定，改后须重新打印": "office.applications.unlock",
        "盖哪个章、退休人员由谁盖章，请咨询{}": _APPLICATION,
        "有疑问请拨打{}": _WINDOWS,
        "不清楚的请咨询{}": f"{_APPLICATION} {_WINDOWS}",
    },
    "handlers/answers/application_states.py": {
        "确实填错的，请咨询{}，能否退回由审核人员决定": _APPLICATION,
        "其他内容要改请拨打{}，由管理机构解除锁定，改好后须重新打印": "office.applications.unlock",
        "确实填错的，请咨询{}": _APPLICATION,
        "身份信息有误请拨打{}": _IDENTITY,
    },
    "handlers/answers/applications.py": {
        "您原来就是专家的，不用重新申报，请拨打{}核对登记的手机号和身份证号": f"{_NEW_MOBILE} {_IDENTITY}",
        "登记的手机号停用或记不清的，请拨打{}，管理机构登记新手机号后再绑定": _NEW_MOBILE,
        "拿不准的请拨打{}咨询": _WINDOWS,
        "有疑问请拨打{}": "office.experts.restore",
        "可拨打{}咨询": _WINDOWS,
    },
    "handlers/texts.py": {
        "有面授或直播没有签到，补学也不能再签到，请拨打{}，由管理机构登记或另行安排": _TRAINED,
        "请拨打{}更正": _NEW_MOBILE,
        "不想登录的，请拨打{}": _LOOK_UP,
        "管理机构应在{}前答复，已经超期，急的请拨打{}": "office.feedback.answer",
        "评标现场的急事，请先找现场工作人员，或拨打{}": _DRAW,
        "删除或更正已登记的回避单位，请拨打{}": _FIELD,
        "有两个账号、替去世的家人办理、注销单位账号的，请拨打{}": f"office.people.begin_merge {_DISABLE}",
        "此账号已停用，请拨打{}咨询": _ENABLE,
        "{}目前没有可以预约的场次，请拨打{}咨询": "office.exam_sittings.add",
        "人工服务：{}": _LOOK_UP,
        "咨询：{}": _APPLICATION,
        "如有疑问请拨打{}": f"{_ORDER} {_WINDOWS}",
        "如有疑问，请拨打{}": _STRANGER,
        "如果您是评标专家，请拨打{}核对": _NEW_MOBILE,
        "如果您是评标专家，请拨打{}核对登记的手机号": _NEW_MOBILE,
        "目前不能在这里变更专家信息，如需变更请拨打{}咨询": _FIELD,
    },
    "miniapp_api/http/middleware.py": {"仍不行的，请拨打人工服务电话": _LOOK_UP},
    "platform_api/dispatch.py": {
        "这个对接系统没有“{}”的权限，请联系专家库管理机构": "office.integrations.change",
    },
    "miniprogram/lib/h5.js": {"如有疑问请拨打人工服务电话": "office.staff.grant"},
    "miniprogram/lib/sheet.wxml": {"打电话 {}": _LOOK_UP},
    "miniprogram/pages/account.js": {"this.pool.hotline && {},": _LOOK_UP},
    "miniprogram/pages/index/index.js": {"pool.hotline && { cells: [{}] },": _LOOK_UP},
    "miniprogram/pages/fees.js": {"return fee.phase === 'paid' ? '' : `有疑问请拨打{}": _ORDER},
    "miniprogram/pages/register.js": {
        ", closed: open ? '' : closed || '目前不开放注册，请拨打人工服务电话咨询": "office.expert_sheets.confirm",
    },
    "services/integrations/access_tokens.py": {
        "本次请求来自{}，不在登记的地址中，请联系专家库管理机构登记": "office.integrations.change",
    },
    "services/accounts/credentials.py": {
        "旧手机已停用请拨打{}": _NEW_MOBILE,
        "此账号已停用，请拨打{}咨询": _ENABLE,
        "这个手机号已用于另一个账号，请换一个手机号，或拨打{}核实": f"office.people.release_mobile {_NEW_MOBILE}",
    },
    "services/accounts/expert_matching.py": {"有多位专家登记了这个手机号，请拨打{}核实后再绑定": _NEW_MOBILE},
    "services/accounts/identity_verification.py": {"确认无误的，请拨打{}核实": _IDENTITY},
    "services/accounts/passwords.py": {"此账号已停用，请拨打{}咨询": _ENABLE},
    "services/accounts/registration.py": {
        "仍不行请拨打{}核实": f"{_IDENTITY} {_NEW_MOBILE} office.people.begin_merge",
        "已停用请拨打{}核实": _NEW_MOBILE,
        "此账号已停用，请拨打{}咨询": _ENABLE,
        "这个手机号在专家库中登记的是另一位专家，请换一个手机号，或拨打{}核实": _NEW_MOBILE,
    },
    "services/accounts/sessions.py": {"此账号已停用，请拨打{}咨询": _ENABLE},
    "services/accounts/web_sessions.py": {"这个手机号没有可以登录的身份，请拨打{}核对": f"{_NEW_MOBILE} {_ENABLE}"},
    "services/accounts/wechat_binding.py": {
        "此账号已停用，请拨打{}咨询": _ENABLE,
        "此账号已停用，请联系专家库管理机构": _ENABLE,
    },
    "services/applications/drafts.py": {"确需修改请拨打{}解除锁定": "office.applications.unlock"},
    "services/applications/may_apply.py": {
        "专家档案中登记的手机号与您的不一致，请拨打{}核实后再办理{}": _NEW_MOBILE,
        "如您已入库，请拨打{}核实": f"{_NEW_MOBILE} {_IDENTITY}",
        "您已完成的继续教育没有考试，请拨打{}，由管理机构安排考试": "office.exam_candidates.add",
    },
    "services/applications/problems.py": {
        "{}表格打印后已锁定，请拨打{}解除锁定": "office.applications.unlock",
    },
    "services/applications/progress_messages.py": {
        "修改提交已于{}截止，请拨打{}咨询": f"{_WINDOWS} office.applications.extend",
        "如有疑问，请拨打{}咨询": _APPLICATION,
        "审核已于{}结束，尚未办结，请拨打{}咨询": _WINDOWS,
        "缴费{}，请拨打{}咨询": f"{_WINDOWS} office.applications.extend office.applications.end",
        "请拨打{}咨询": f"{_ORDER} office.applications.end",
    },
    "services/applications/submission.py": {"请拨打{}核实": _IDENTITY},
    "services/courses/notifications.py": {"有讲座没有签到，请联系管理机构": _TRAINED},
    "services/courses/study.py": {
        "您不再参加这门课程，如有疑问请拨打{}": "office.course_participants.readmit",
        "确实参加了的，请拨打{}登记": "office.course_participants.record_finished",
    },
    "services/courses/study_periods.py": {
        "有面授或直播没有签到，补学后也不能再签到，请拨打{}办理": _TRAINED,
        "如需补学请联系管理机构": _MAKE_UP,
        "已暂停抽取，请联系管理机构": _MAKE_UP,
        "结业考试已结束，补学后也不能再考，请拨打{}办理": "office.course_participants.record_finished",
        "补学由管理机构安排，请拨打{}": _MAKE_UP,
    },
    "services/draws/calls/incoming_call_texts.py": {"有疑问请拨打{}": f"{_NEW_MOBILE} draws.absences.register"},
    "services/draws/calls/invitations.py": {
        "确实不能到场，请重新请假并再次确认，也可以致电{}说明情况": "draws.absences.register"
    },
    "services/entry/objections.py": {"如信息有误，请拨打{}": f"{_IDENTITY} office.objections.decide"},
    "services/exams/attempts/attempts.py": {
        "确实需要换的，请马上告诉监考人员或拨打服务热线，由管理机构允许后重试": "office.exam_candidates.allow_devices",
    },
    "services/exams/attempts/evidence.py": {
        "已过提交离线作答的时间，如有疑问请拨打服务热线": "office.exam_candidates.give_back",
    },
    "services/exams/marking/appeals.py": {
        "已过申请复核的时间，如有疑问请拨打服务热线": "office.exam_scores.void office.exam_candidates.give_back"
    },
    "services/exams/papers/papers.py": {
        "题库中“{}”的题目不足，暂时不能生成试卷，请联系管理机构": "office.bank_files.import_good",
    },
    "services/exams/sittings/sittings.py": {"确有困难请拨打{}": "office.exam_sittings.save"},
    "services/expert_file_views/own_file.py": {
        "有误的请拨打{}更正": f"{_IDENTITY} {_NEW_MOBILE}",
        "现在需要更正的，请拨打{}": _FIELD,
        "请联系管理机构": _FIELD,
        "需要更正的，请拨打{}": _FIELD,
    },
    "services/experts/renewals.py": {"急需办理的请拨打{}": _FIELD, "本库不在线办理{}，请拨打{}": _FIELD},
    "services/experts/suspension.py": {
        "有面授或直播没有签到，请拨打{}，由管理机构登记或另行安排": _TRAINED,
        "有疑问请拨打{}": _SANCTION,
        "登记的出生日期有误的，请拨打{}更正": _IDENTITY,
        "结业考试已结束，请拨打{}，由管理机构另行安排": "office.course_participants.record_finished",
        "您已退出结业考试，请拨打{}，由管理机构另行安排": "office.course_participants.record_finished",
        "补学由管理机构安排，请拨打{}": _MAKE_UP,
        "请拨打{}，由管理机构核对身份证号": _IDENTITY,
    },
    "services/sanctions/appeals.py": {"仍有疑问请拨打{}": _SANCTION},
    "services/files/delivery.py": {"如非本人操作，请拨打{}": _STRANGER},
    "services/notifications/helpdesk.py": {"本专家库暂未开通意见反馈，请拨打{}": _LOOK_UP},
    "services/organisations/legal_entities.py": {"此账号已停用，请拨打{}咨询": _ENABLE},
    "services/payments/fee_lookup.py": {"有疑问请拨打{}": "/office/orders"},
    "services/payments/invoices/invoices.py": {"确需更换请拨打服务电话": "office.invoices.reverse"},
    "services/payments/invoices/mailing.py": {"如有疑问请拨打{}": "office.invoices.resend"},
    "services/payments/orders.py": {
        "仍不行请拨打{}": "/office/orders",
        "本专家库暂未开通在线缴费，请拨打{}": "/office/orders",
        "缴费已于{}截止，如有疑问请拨打{}": _WINDOWS,
    },
    "services/remuneration/answers.py": {
        "这笔酬劳您已提出{}次异议，请直接联系评标场地，或拨打{}": "remuneration.venue.propose",
    },
    "services/reviews/absences.py": {
        "没有审核范围相同或更大的同事，请联系专家库管理机构在“审核分工”中安排代办": "office.reviewers.arrange",
    },
    "services/reviews/decisions.py": {"如需继续，请联系专家库管理机构延长审核时间": _WINDOWS},
    "services/reviews/reopening.py": {
        "确有错误的，请联系专家库管理机构处理，或请申请人重新申请": f"{_FIELD} office.experts.remove_from_pool",
        "确有错误的，请联系专家库管理机构，公示期内可按异议办理": "office.objections.decide",
    },
    "web/core/site.py": {"请稍后重试，仍不行请拨打通知中的联系电话": _DRAW},
    "web/static/applications/picker.js": {"申请添加，或拨打{}": "office.employers.add"},
    "web/templates/accounts/account.html": {
        "请拨打{}核实": _IDENTITY,
        "不是您要求的，请马上撤回，并拨打{}": f"office.people.withdraw {_DISABLE}",
    },
    "web/templates/accounts/forgot_password.html": {
        "没有收到验证码请核对手机号，或拨打{}": f"{_NEW_MOBILE} office.people.reissue_password",
    },
    "web/templates/accounts/login_code.html": {"没有收到请核对手机号，或拨打{}": _NEW_MOBILE},
    "web/templates/certificates/list.html": {"需要在库证明的，请拨打{}": _FILE},
    "web/templates/exams/trial.html": {"有不行的，请换一台设备，或拨打{}": "office.exam_candidates.allow_devices"},
    "web/templates/accounts/login_role.html": {"需要办理的，请拨打{}，由管理机构授权": "office.staff.grant"},
    "web/templates/accounts/mobile.html": {"请拨打": _NEW_MOBILE},
    "web/templates/accounts/own_data.html": {"请拨打": _NEW_MOBILE},
    "web/templates/accounts/password.html": {"请拨打": _NEW_MOBILE},
    "web/templates/agency/integrations.html": {
        "需要对接的，请联系专家库管理机构签发": "office.integrations.issue",
    },
    "web/templates/agency/basic_fields.html": {
        "名册中还没有监督人，请联系专家库管理机构添加": "office.supervisors.add",
    },
    "web/templates/core/error.html": {"人工服务电话": _LOOK_UP},
    "web/templates/courses/live.html": {
        "确实参加了的，或需要另行安排的，请拨打{}，由管理机构登记": _TRAINED,
    },
    "web/templates/courses/detail.html": {
        "确实参加了的，或需要另行安排的，请拨打{}，由管理机构登记": _TRAINED,
        "补学由管理机构安排，请拨打{}": _MAKE_UP,
        "请拨打{}，由管理机构登记其他培训或另行安排": "office.course_participants.record_finished",
    },
    "web/templates/draws/record.html": {
        "每次登记都立即通知专家本人，专家可以直接作出不同答复，或致电专家库提出异议": _DRAW,
    },
    "web/templates/experts/sanctions.html": {"申诉期限已过，有疑问请拨打{}": _SANCTION},
    "web/templates/exams/detail.html": {
        "后续安排会通知您，也可拨打{}": "office.exam_candidates.give_back",
        "回复“进度”查看申请的后续安排，也可拨打{}": _APPLICATION,
    },
    "web/templates/exams/sittings.html": {
        "目前没有可以预约的场次，请拨打": "office.exam_sittings.add",
        "确有困难请拨打": "office.exam_sittings.save",
    },
    "web/templates/payments/pay.html": {"如有疑问请拨打": _ORDER},
    "web/templates/remuneration/own.html": {"仍有异议的，请直接联系评标场地，或拨打": "remuneration.venue.propose"},
    "web/templates/reviews/away.html": {
        "没有审核范围与您相同或更大的同事，请联系专家库管理机构在“审核分工”中安排代办": "office.reviewers.arrange",
    },
    "web/templates/reviews/hand.html": {
        "需要他人办理的，请联系专家库管理机构在“审核分工”中安排": "office.reviewers.grant",
    },
}
"""By file and sentence, with ``{}`` for what is filled in; several answers are separated by blanks."""


WITHOUT_NUMBER = {
    "services/courses/notifications.py",  # as below
    "services/courses/study_periods.py",  # a field of a template message has no room for it
    "services/exams/papers/papers.py",  # drawn by the scheduler
    "services/expert_file_views/own_file.py",  # a heading, with the number below it
    "services/reviews/absences.py",
    "services/reviews/decisions.py",
    "services/reviews/reopening.py",
    "web/templates/agency/basic_fields.html",
    "web/templates/reviews/away.html",
    "web/templates/reviews/hand.html",
    "services/accounts/wechat_binding.py",  # before the person, and so the pool, is known
    "services/integrations/access_tokens.py",  # to programs of trading platforms, whose people know the office
    "platform_api/dispatch.py",
    "web/templates/agency/integrations.html",
}
"""Files that send somebody to the office without its number: most of them members of an office."""


def test_who_is_sent_to_the_office_reads_its_number() -> None:
    to_office = re.compile("联系(?:专家库)?管理机构")
    places = {place for place, sentences in find_texts().items() if any(map(to_office.search, sentences))}
    assert places - WITHOUT_NUMBER == set()


def pages() -> Iterator[str]:
    """The addresses of all declared pages."""
    groups: list[Any] = [PageGroup]
    while groups:
        group = groups.pop()
        groups += [part for part in group.__subclasses__() if part.__module__.startswith("web.")]
        yield from (declaration.path for declaration in declared_pages(group))


LABELS = ("domain/rulebook/labels.py", "domain/rulebook/office_texts.py")
"""Names that the office reads of the texts in which its numbers stand."""


def test_every_text_that_ends_at_the_office_has_an_answer() -> None:
    texts = {place: words for place, words in find_texts().items() if place not in LABELS}
    listed = {place: set(answers) for place, answers in ANSWERS.items()}
    listed |= {_NOTICES + kind: texts.get(_NOTICES + kind, {"nothing is sent there"}) for kind in OF_NOTICES}
    new = {place: sorted(words - listed.get(place, set())) for place, words in texts.items()}
    gone = {place: sorted(words - texts.get(place, set())) for place, words in listed.items()}
    assert {place: words for place, words in new.items() if words} == {}, "say which act of the office answers it"
    assert {place: words for place, words in gone.items() if words} == {}, "no such text any more"


def test_every_answer_is_a_command_or_a_page_that_exists() -> None:
    known = {*declared_acts(), *pages()}
    answers = {*OF_NOTICES.values(), *(text for by_text in ANSWERS.values() for text in by_text.values())}
    assert sorted({answer for text in answers for answer in text.split()} - known) == []
