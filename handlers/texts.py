"""What the official account says, by subject. Short, polite, and always with the next step.

Conversations fill ``{…}``. Texts that a province words itself (welcome, help, privacy, consequence of a leave) stand in
its rulebook.
"""

from __future__ import annotations

# ---- everyone

BIND_FIRST = "请先绑定身份，两分钟即可完成："
ACCOUNT_DISABLED = "此账号已停用，请拨打{hotline}咨询。"
NOT_AN_EXPERT = "您绑定的手机号没有对应的在库评标专家。如果您是评标专家，请拨打{hotline}核对登记的手机号。"
LEFT_THE_POOL = "您已退库，不能再办理这一项。退库的原因和申诉在处理记录，重新入库请看申报："
SANCTIONS_PAGE = "处理记录与申诉"
NOT_AN_EXPERT_YET = "您还不是在库评标专家，入库后才能办理这一项。申请办到哪一步，可以点选查看："
DID_NOT_UNDERSTAND = "没有看懂您的意思，请换个说法。您现在可以："
NO_VOICE = "听不了语音消息，请打字，或按住输入框里的话筒，用语音输入转成文字再发。您现在可以："
NO_PICTURE = "聊天里收到的图片和视频不能用来办理。材料请在申报等页面上传；遇到问题请打字说明。您现在可以："
NO_LINK = "聊天里收到的链接和文件不能用来办理，请打字说明您要办的事。您现在可以："
NO_STICKER = "看不懂这条消息，请打字说明您要办的事。您现在可以："
NO_POSITION_NEEDED = "收到您的位置。现在没有要用位置签到的评标，位置不会保存。您现在可以："
DO_YOU_MEAN_IN_PASSING = "如果是想问{titles}，直接回复这几个字就行。"
DO_YOU_MEAN = "您是想问："
NONE_OF_THESE = "都不是"
MENU = "您可以点选："
MENU_AGENCY = "招标人、代理机构、监督人、核验人员和现场人员绑定身份后，回复“我的工作”办理。"
HELP_WORDS = "您可以回复："
HELP_CANCEL = "取消 — 放弃正在进行的操作"
HELP_OFFICES = "办理抽取的，回复“我的工作”看统计和可以查询的内容，回复“待办”看要办的活动。"
WORK = "{label}：{counts}"
PLATFORMS = (
    "平台对接：交易平台、电子招投标系统可以代招标代理机构填写项目和抽取申请，不用填两遍。\n"
    "密钥由专家库管理机构签发，单位的法人或经办人登录后确认才能用，随时可以停用；提交随机数、启动抽取仍由本人办理。"
)
PLATFORMS_PAGE = "查看和确认对接的平台"
PLATFORMS_GUIDE = "接口说明（给平台的开发人员）"
WORK_COUNT = "{name}{number}{unit}"
NO_WORK = "目前没有待办"

# ---- draws, for those who run them

NOT_THE_OFFICE = "您目前没有办理这一项的身份。"
LIST_OF_OTHERS = "“{what}”由{whom}查看和办理。您可以回复："
LIST_INSTEAD = "“{what}”由{whom}查看和办理。您的活动办到哪一步，请看："
WORK_HEAD = "【{label}】{what}：共{total}个"
WORK_NONE = "【{label}】{what}：目前没有"
WORK_MORE = "查看全部{total}个"
WORK_PAGE = "打开网页"
DRAW_LABEL = "{number}　{when}"
DRAW_AGREED = "{state}，已同意{agreed}人，共需{needed}人"
DRAW_MISSING = "{state}，缺{missing}人"
DRAW_LATE = "已到{present}人，{late}人未签到，{how}"
MAY_URGE = "可以催促"
DRAW_TODAY = "{time}集合，已到{present}人，应到{agreed}人"
DRAW_ANNOUNCED = "，另有{count}人说明晚到"
NUMBER_WANTED = "等您提交随机数"
RELEASE_VERIFIED = "退选已核验通过，请在{until}前启动"
RELEASE_UNREACHED = "退选电话未接通，请告知专家后登记（{count}人）"
REMUNERATION_PAYABLE = "酬劳待支付{count}笔"
RECUSAL_WAITS = "现场回避待确认"
RECUSALS_WAIT = "现场回避待确认{count}个"
APPLICATION_LINE = "{organisation}，{at}提交"
PROJECT_LINE = "标段{lots}个，抽取活动{draws}个"
HOTLINE = "人工服务：{hotline}"
HOURS = "服务时间：{hours}"
HOTLINE_HOURS = "（{hours}）"

# ---- applying and its progress

APPLY_FIRST = (
    '申请成为评标专家，请先注册并实名认证：\n<a href="{link}">去注册或登录</a>\n已经登记过手机号的，也可以先绑定微信。'
)
MEMBERSHIP_STATUS_IS = "您目前：{status}"
NOTHING_TO_DO = "目前没有需要您办理的事项。"
NO_APPLICATION = "您还没有提交过申请。"
PROGRESS_HEAD = "{headline}\n申请编号：{number}"
PROGRESS_WHO = "当前办理：{who}（自{since}）"
PROGRESS_ENDED = "办结时间：{at}"
PROGRESS_OPINION = "审核意见：{opinion}"
PROGRESS_CORRECTION = "需修改：{place}"
PROGRESS_MESSAGE = "管理机构{at}留言：{text}"
PROGRESS_WHOLE_MESSAGE = "查看留言"
PROGRESS_MESSAGES = "查看全部{count}条留言"
PROGRESS_NEXT = "下一步：{advice}"
PROGRESS_ASK = "咨询：{ask}"
PROGRESS_MORE = "查看详情"
PAGE = '<a href="{link}">▸ {label}</a>'

CHANGES = (
    "变更所在地区、工作单位、专业等登记的资料，请办理{title}，审核通过后生效；增加回避单位可以自行申报，立即生效。"
)
OWN_FILE_PAGE = "我的档案"
NO_CHANGES = "目前不能在这里变更专家信息，如需变更请拨打{hotline}咨询。"
NOTHING_TO_MEND = "目前没有需要您修改的内容。"
NOTHING_TO_GIVE_UP = "您没有办理中的申请，不用放弃。"
GIVE_UP_WHICH = "您有几份申请在办理，要放弃哪一份？"
GIVE_UP_READ_BACK = "放弃申请{number}？\n{consequence}"
GIVE_UP_YES = "确定放弃"
GIVE_UP_NO = "不放弃"
GIVEN_UP = "申请{number}已放弃。"
NOT_GIVEN_UP = "没有放弃，申请照常办理。"

# ---- guide, questions, feedback

GUIDE_REGIONS = "各地咨询：\n{lines}"
GUIDE_ALL_REGIONS = "……其他地区请打开完整办理指南查看。"
GUIDE_MORE = '<a href="{link}">查看完整办理指南和常见问题</a>'
MATERIALS = "可下载的资料："
MATERIALS_OF = "【{category}】"
MATERIAL_CLOSED = "{title}（登录后下载）"
ALL_MATERIALS = "打开资料下载页"
RECORDS = (
    "抽取活动结束后，任何人都可以按编号核对抽取记录，不需要登录。编号印在抽取结果上：\n"
    '<a href="{link}">▸ 核对抽取记录</a>'
)
NOTICES = "最近发给您的消息："
NO_NOTICES = "还没有发给您的消息。有新进展时会通知您。"
ALL_NOTICES = "查看全部消息的内容"
CERTIFICATES = "您的证书："
ALL_CERTIFICATES = "查看全部证书（{count}张），下载图片或PDF"
NO_CERTIFICATE = "您还没有证书。{earned_by}后会自动颁发，并通知您。"
NO_CERTIFICATES_HERE = "本专家库不颁发电子证书。"
NO_MATERIALS = "目前没有可下载的资料，请以征集公告和通知为准。"
ASK_FEEDBACK = "请写下您的意见或遇到的问题，我们会转给专家库管理机构，答复会发到这里。要投诉、申诉，或看写过的："
FEEDBACK_FORM = "请用5至{longest}个字说明，不要只发表情或图片。"
FEEDBACK_TAKEN = "已收到，谢谢。编号{number}，管理机构{days}个工作日内答复，答复会发到这里。"

# ---- complaints, appeals, and threads with the office

COMPLAINT_UNBOUND = (
    "投诉要知道是谁写的，答复才能发给您：请先绑定身份（工作人员、经办人用登记的手机号绑定），还没有注册的请先注册。"
    "不想登录的，请拨打{hotline}。评标现场的急事，请先找现场工作人员。"
)
COMPLAINT_ABOUT = "您要投诉或申诉哪方面的事？评标现场的急事，请先找现场工作人员，或拨打{hotline}。"
COMPLAINT_CASES = "您有可以直接办理的，比投诉快："
COMPLAINT_CASE = "{title}：{act}"
COMPLAINT_OTHER = "都不是，写给管理机构"
COMPLAINT_NOTICE = "对公示中的人有异议的，请在公示页提出，由管理机构核查后答复："
COMPLAINT_NOTICE_PAGE = "公示名单"
ASK_COMPLAINT = "请写下要反映的事：时间、地点、是谁、发生了什么，500字以内。管理机构{days}个工作日内答复。"
ASK_COMPLAINT_STAFF = (
    "请写下时间、地点、是谁、发生了什么，500字以内。写明姓名的，由他以外的工作人员答复。管理机构{days}个工作日内答复。"
)
COMPLAINT_READ_BACK = "把这段话交给专家库管理机构？\n关于：{subject}\n“{text}”"
SEND_TEXT = "提交"
WRITE_ANEW = "重新写"
STOP_TEXT = "不提交了"
TOO_LONG_TOGETHER = "加上这一段超过{longest}字，没有加进去。请提交上面的内容，或者点“重新写”，写短一些。"
COMPLAINT_STOPPED = "没有提交。需要时请回复“投诉”。"
CASE_PAGE = "{title}，请在这里办理："
NEVER_MIND = "先不办了"
APPEAL_INTRODUCTION = "对{title}提出申诉？每项处理可以申诉一次，{until}前有效，由没有经手的工作人员答复。"
APPEAL_WRITE = "写申诉理由"
APPEAL_LATER = "先不申诉"
APPEAL_NOT_MADE = "没有提交。期限内随时回复“申诉”办理。"
ASK_APPEAL = "请写明申诉的事实和理由，10到{longest}个字。"
APPEAL_FORM = "请用10到{longest}个字写明事实和理由，不要只发表情或图片。"
APPEAL_READ_BACK = "对“{title}”提交申诉？每项处理只能申诉一次。\n“{text}”"
APPEAL_TAKEN = "申诉已提交，由没有经手的工作人员答复，结果会通知您。"
NO_FEEDBACK = "您还没有写给管理机构的投诉或反馈。写了以后，{days}个工作日内答复："
FEEDBACK_WHICH = "您写给管理机构的，要看哪一件？"
FEEDBACK_OPTION = "编号{number} {subject}（{state}）"
FEEDBACK_OWN = "编号{number}，{subject}，{at}写。"
FEEDBACK_LAST_OWN = "您：{text}"
FEEDBACK_LAST_OFFICE = "管理机构答复：{text}"
FEEDBACK_DUE = "管理机构应在{due}前答复。"
FEEDBACK_OVERDUE = "管理机构应在{due}前答复，已经超期，急的请拨打{hotline}。"
FEEDBACK_CLOSES = "{until}前可以继续写，到期自动办结。"
FEEDBACK_CLOSED = "这件事已办结。还有问题的，请另写一件。"
FEEDBACK_PAGE = "查看全部往来"
FEEDBACK_GO_ON = "继续写"
FEEDBACK_DONE = "没有问题了，办结"
FEEDBACK_LATER = "先这样"
FEEDBACK_UNCHANGED = "没有变更。需要时请回复“我的反馈”。"
ASK_MORE = "请写下还要说明的，500字以内。"
FEEDBACK_ENDED = "编号{number}已办结。有新的问题请另写一件。"
WELCOME_BACK = "{name}，欢迎回来。"
AND_MORE = "……另有{count}项"

# ---- descriptions of panels

WHEN = "集合时间：{time}"
WHERE = "集合地点：{place}"
CONTACT = "联系人：{contact}"
REMARK = "注意事项：{remark}"
CODE = "验证码：{code}"
ENTERED_AT = "已于{time}签到。"
LEFT_AT = "已于{time}离场。"
LEAVE_UNTIL = "不能到场请在{time}前回复“请假”。"
LEAVE_LATE = "请假截止时间{time}已过。确实不能到场的，请尽早回复“请假”，并致电联系人。"

# ---- binding

PRIVACY_ASK = "您是否同意？"
LINK_HINT = "已在小程序登录？打开小程序“绑定公众号”，把8位绑定码发到这里，不用再收短信验证码。"
AGREE_FIRST = "也可以用手机号绑定，请先选择是否同意隐私说明："
PRIVACY_CHANGED = "隐私说明已更新，请重新阅读并验证手机号。"
AGREE = "同意"
DISAGREE = "不同意"
NOT_AGREED = "没有绑定，也没有保存您的信息。需要时请再回复“绑定”。"
VENUE_FIRST = "签到前请先绑定身份。"
VENUE_AGAIN = "现在可以签到了：请重新扫描现场二维码，或点选后发送位置"
ASK_MOBILE = "请输入您在专家库（或单位）登记的手机号。"
CODE_SENT = (
    "验证码已发送到{mobile}，{minutes}分钟内有效。请回复短信里的{length}位数字。\n"
    "没有收到？回复“重发”；号码不对？回复“换号”。"
)
CODE_DEAD = "登记的号码停用了？请拨打{hotline}更正。"
CODE_FORM = "请回复短信里的{length}位数字；没有收到请回复“重发”，号码不对请回复“换号”。"
CODE_ANYWAY = "如果短信已经收到，请直接回复其中的{length}位数字；也可以回复“换号”。"
BOUND = "绑定成功。{name}{mobile}\n身份：{roles}"
BOUND_NO_ROLE = (
    "绑定成功。{mobile}\n这个手机号没有登记为在库专家。如果您是评标专家，请拨打{hotline}核对；"
    "招标人、代理机构请打开小程序继续。"
)
REGISTER_NEXT = "想申请成为评标专家？请先注册："
ALREADY_BOUND = (
    "您已绑定：{name}{mobile}。\n只是换手机号的，不用解绑，请回复“更换手机号”；这个微信要换成别人用的，请先解绑："
)
ACCOUNT_PAGE = "我的账号"
ACCOUNT = "登录密码、手机号、登录过的设备、切换身份和退出登录，都在“我的账号”办理："
NOT_BOUND = "这个微信还没有绑定身份，无需解绑。"
ASK_UNBIND = "解绑后，这个微信不再收到评标通知，也不能在这里办理；电话和短信通知不受影响，专家档案保留。确定解绑吗？"
UNBIND_YES = "确定解绑"
UNBIND_NO = "不解绑"
UNBOUND = "已解绑。需要时请再回复“绑定”。"
KEPT_BOUND = "没有解绑，一切照旧。"
DISOWNED = (
    "已让小程序退出登录，并解除它与您账号的绑定。这个微信的绑定不变。\n"
    "请不要把短信验证码告诉他人；如有疑问，请拨打{hotline}。"
)
NOT_KNOWN_HERE = "这个微信还没有绑定身份，请先绑定再处理："
NOTHING_TO_DISOWN = "您的账号没有在小程序登录，无需处理。如有疑问，请拨打{hotline}。"

# ---- registering

ALREADY_REGISTERED = "您已注册：{name}\n身份：{status}"
HONESTY = "承诺条款：{clause}"
NOT_REGISTERED = "没有注册，也没有保存您的信息。需要时请再回复“注册”。"
ASK_NAME = "请输入您的真实姓名（与身份证一致，注册后不能修改）。"
ASK_ID_NUMBER = "请输入您的18位身份证号（注册后不能修改）。"
PERSON_READ_BACK = "姓名：{name}\n身份证号：{number}\n对吗？"
PERSON_RIGHT = "对，继续注册"
PERSON_AGAIN = "重新填写"
PERSON_STOP = "不注册了"
ASK_OWN_MOBILE = "请输入您本人的手机号，评标通知会发到这个号码。"
REGISTERED = "注册成功。\n姓名：{name}\n身份证号：{number}\n手机号：{mobile}"
IDENTITY_VERIFICATION = "实名核验：{found}。"
REGISTERED_EXPERT = "您是在库专家，编号{number}，档案已关联。"
NO_PASSWORD_HERE = (
    "为了安全，请不要在聊天中发送密码，这里也不接收密码；已经发出的请删除该消息并尽快更换。请到网页上办理："
)
PASSWORD_PAGE = "设置或修改密码"
CLOSING = "注销账号请打开下面的页面，收短信验证码确认，立即生效，不用材料和审核。注销后账号不能再使用，也不能恢复。"
CLOSING_EXPERT = (
    "注销就是退库，不再抽取您。请打开下面的页面，收短信验证码确认，立即生效，不用材料和审核。"
    "注销后账号不能再使用，也不能恢复。"
)
CLOSING_WAITS = "还有评标、待答复的邀请或办理中的申请时不能注销。"
CLOSING_DELETES = "删除：{removed}等；依法存档：{archived}。"
CLOSING_INSTEAD = "只是暂时不想被抽取的，请设置不接受抽取的时间；只想让这个微信不再收通知的，请解绑。"
CLOSING_AGAIN = "以后可以重新注册。"
CLOSING_FOR_OTHERS = "有两个账号、替去世的家人办理、注销单位账号的，请拨打{hotline}。"
CLOSING_PAGE = "我的数据与注销"

# ---- why not drawn

CHANCES_BARRED = "目前的抽取不会抽到您："
CHANCES_OPEN = "您现在正常参加抽取。"
CHANCES_COUNTED = (
    "{since}至{last}，与您登记的专业、地区等条件相符的抽取{matches}，通知过您{calls}场（只统计已经结束的整月）。"
)
CHANCES_NONE = "{since}至{last}，没有与您登记的专业和地区相符的抽取，所以没有通知您（只统计已经结束的整月）。"
CHANCES_TOO_NEW = "您入库还不满一个整月，暂时没有可以统计的月份。"
CHANCES_RANDOM = "每场抽取按三方摇号的随机顺序通知，人数够了就停止，任何一方都不能指定或预知。"
CHANCES_PAGE = "查看详情和办理方法"

# ---- status

STATUS_WHO = "{name}{mobile}"
STATUS_ROLES = "身份：{roles}"
STATUS_NO_ROLE = "身份：暂无"
NO_ROLE_YET = "暂无"
STATUS_APPLYING = "申请：{headline}\n下一步：{advice}"
STATUS_EXPERT = "专家编号：{number}\n状态：{status}"
STATUS_REGION = "常驻地：{region}"
STATUS_SPECIALTIES = "评标专业：{names}"
STATUS_MORE = "等{count}项"
STATUS_AWAY = "不接受抽取：\n{periods}"
NEXT_PANEL = "下一场评标：{time}，{place}"
NO_PANEL_AHEAD = "目前没有已确认的评标活动。"
ANSWER_NEWER = "回答新消息请点：\n{taps}"
OPEN_INVITATIONS = "有{count}个评标邀请等您答复，请在{until}前："

# ---- panels

PANELS = "您的评标活动："
NO_PANELS = "您目前没有已确认的评标活动。收到邀请后会在这里显示。"
PAST_PANELS = "您最近参加的评标活动："
NO_PAST_PANELS = "还没有参加过的评标活动。"
PAST_LINE = "{time} {place}（{attended}）"
ATTENDED = "已签到"
NOT_ATTENDED = "无签到记录"

# ---- invitations

INVITED = "您被随机抽取为评标专家。"
RECALLED = "您参加过的一场评标需要复评，请您本人答复能否参加。"
ANSWER_BY = "请在{until}前答复，逾期视为不参加。"
WHICH_INVITATION = "您有{count}个邀请等待答复，您说的是哪一场？"
ASK_ANSWER = "您参加吗？"
ASK_BY_DOUBT = {
    "question": "您的问题请直接咨询上面的联系人。能否按时参加，请点选：",
    "mixed": "没有把握您是参加还是不参加，请点选：",
    "condition": "需要您明确答复能否按时、全程参加；有困难可先咨询上面的联系人：",
    "acknowledged": "谢谢。还需要您明确答复是否参加，请点选：",
    "unknown": "没有看懂您的答复，请点选：",
}
ATTEND = "参加"
DECLINE = "不参加"
LATER = "稍后答复"
READ_BACK_ACCEPT = "您选择了【参加】，请确认："
READ_BACK_DECLINE = "您选择了【不参加】{time}的评标，请确认："
CONFIRM_ACCEPT = "确认参加"
CONFIRM_DECLINE = "确认不参加"
CHANGE_TO_ACCEPT = "改为参加"
CHANGE_TO_DECLINE = "改为不参加"
ANSWER_LATER = "还没有记录您的答复。请在{until}前回复“参加”或“不参加”，逾期视为不参加。"
ACCEPTED = "已确认您参加评标。请带身份证，按时到场。"
DECLINED = "已记录：您不参加{time}的评标。感谢答复，不影响您今后被抽取。"
NO_OPEN_INVITATION = "现在没有等待您答复的评标邀请；如果邀请已过答复时间，就不能再答复了。"
NOT_YOURS = "这个选项不是发给您的，或者已经失效。"
STILL_OPEN = "这个邀请还在等您答复，请在{until}前回复“参加”或“不参加”。"
UNDO = "撤销"
UNDO_UNTIL = "点错了？{until}前可以撤销："
UNDONE = "已撤销，您还没有答复这个邀请。"
UNDO_FIRST = "这个邀请您已经确认参加。要改为不参加，请先撤销："
UNDO_STALE = "这个选项已经失效。您仍在名单内："
TOO_LATE_TO_UNDO = "答复时间已过或名额已满，不能撤销。您仍在名单内，不能到场请请假："
NOTHING_LEFT_TO_UNDO = "这场评标已经开始或结束，没有可以撤销的："
NOTHING_TO_UNDO = "现在没有可以撤销的答复。已确认的评标不能到场请请假："
OTHERS_WAIT = "另有{count}个邀请等您答复："
TOO_LATE_TO_DECLINE = "这个邀请您已经确认参加，不能再改为不参加。不能到场请请假："
HOLDS_DECLINED = (
    "您此前已答复不参加{time}的评标，名额已按抽取顺序通知别的专家，不能再更改，无需到场。不影响您今后被抽取。"
)
HOLDS_RECUSED = "您申报的回避单位与{time}的评标有关，您须回避，无需到场。不影响您今后被抽取。"
HOLDS_SILENT = "{time}的评标邀请已过答复时间，本次无需到场。"
HOLDS_LEFT = "{time}的评标您已请假，无需到场。"
HOLDS_CANCELLED = "{time}的评标已取消，您无需到场。有疑问请联系{contact}。"
HOLDS_OTHER = "{time}的评标您登记为“{state}”，无需到场。有疑问请联系{contact}。"

# ---- remuneration

NO_REMUNERATION = "您还没有评标酬劳。评标结束后由场地提出，会在这里通知您。"
REMUNERATIONS = "您的评标酬劳："
REMUNERATION_LINE = "{time}评标，{amount}元，{state}"
REMUNERATION_PAGE = "查看明细"
REMUNERATION_WHICH = "您要核对哪一笔酬劳？"
REMUNERATION_OF = "{time}评标的酬劳：{amount}元"
REMUNERATION_PART = "{label}{amount}元（{words}）"
REMUNERATION_TIMES = "进场{entered}，离场{left}"
REMUNERATION_REASON = "场地说明：{words}"
REMUNERATION_REPLY = "场地答复：{words}"
REMUNERATION_UNTIL = "请在{until}前答复，逾期视为确认。"
REMUNERATION_UNTIL_CONFIRMED = "请在{until}前答复。金额与标准不同，未经您确认不支付。"
REMUNERATION_OBJECTION = "您的异议：{words}（待场地答复）"
REMUNERATION_YES = "确认金额"
REMUNERATION_BACK = "撤回异议并确认"
REMUNERATION_NO = "有异议"
REMUNERATION_LATER = "稍后再说"
REMUNERATION_WHY = "请说明异议，如实际离场时间（200字以内）。场地核对后会答复您。"
REMUNERATION_CONFIRMED = "已确认：{amount}元。抽取单位支付后会通知您。"
REMUNERATION_DISPUTED = "异议已转给场地，答复后会通知您再次核对。"
REMIND_WHICH = "您要提醒付款单位哪一笔酬劳？"
REMIND_READ_BACK = "{time}评标的酬劳{amount}元还没有到账，提醒付款单位？收款账户有变化的，请先更正。"
REMIND_YES = "提醒"
REMIND_NO = "先不提醒"
REMIND_DONE = "已提醒付款单位核对，{until}起可以再提醒。一直没有处理的，可以投诉："
REMIND_NOT_DONE = "没有提醒。需要时请回复“催付酬劳”。"
REMIND_NOTHING = (
    "目前没有可以催付的：金额确认后没有支付、有付款期限的已过期限、近期没有提醒过的才能催付。各笔到哪一步："
)
REMIND_AGAIN = "{time}评标的酬劳，您已于{at}提醒付款单位，{until}起可以再提醒。"
REMUNERATION_WAITS = "没有变更。可随时回复“酬劳”继续核对。"
TIME_UNKNOWN = "未登记"

# ---- leave

NOTHING_TO_LEAVE = "您没有已确认的评标活动，无需请假。"
ALL_CHECKED_IN = "您的评标活动都已签到。要离场请直接告诉现场工作人员。"
LEAVE_WHICH = "您要为哪一场评标请假？"
LEFT_LATE = "已登记：{time}的评标您不能到场，抽取单位、场地和监督人已收到通知。也请致电{contact}说明情况。"
DELAY_WHICH = "您哪一场评标会晚到？"
DELAY_ASK = "{time}集合的评标，您大约比集合时间晚多久到？点选，或直接回复分钟数、几点能到。"
DELAY_ASK_FROM_NOW = "{time}的集合时间已过，您大约还要多久到？点选，或直接回复分钟数、几点能到。"
DELAY_IN_TIME = "按您说的，{time}集合前能到，不算晚到，不用说明；会晚的请重新回复，不办了请回复“取消”。\n"
DELAY_SHORT = "晚不到{least}分钟的不用说明，请照常签到；会更晚的请重新回复，不办了请回复“取消”。\n"
DELAY_LONG = "晚{most}以内才能说明晚到；更晚才能到、来不了的，请先回复“取消”，再回复“请假”。\n"
DELAY_READ_BACK = "晚到：{time}集合的评标，您约{at}到，晚{minutes}分钟"
DELAY_REASON = "您的说明：{reason}"
DELAY_SURE = "确认后马上通知抽取单位、评标场地和监督人（只告知验证码和时间）。"
DELAY_YES = "确认晚到"
DELAY_CHANGE = "改时间"
DELAY_NO = "不晚到"
DELAY_NOT_CHANGED = "这次没有记录。"
DELAY_NOT_RECORDED = "没有记录晚到，请按时参加{time}集合的评标。"
DELAY_RECORDED = (
    "已记录并通知抽取单位、评标场地和监督人：{time}集合的评标，您约{at}到，晚{minutes}分钟。"
    "路上注意安全，到场请照常签到，验证码{code}。时间有变请再说一次。"
)
DELAY_TOO_EARLY = (
    "{time}集合的评标，{opens}起才能在这里说明晚到。现在就知道不能按时到的，请提前致电{contact}商量；来不了的请请假。"
)
DELAY_ENTERED = "您已签到，不用说明晚到；催促的电话或短信可以不理会。"
DELAY_UNANSWERED = "您还没有答复邀请：请先致电{contact}问晚到行不行，能到再答复参加。"
DELAY_NO_PANEL = "没有查到您待参加的评标，不用赶。请在消息里核对通知。"
ABSENT_WRONGLY = "登记有误的，请立即致电联系人。"
DELAY_WITHDRAW_WHICH = "您哪一场评标能按时到了？"
DELAY_WITHDRAWN = "已记录并通知有关人员：{time}集合的评标，您能按时到。路上注意安全。"
DELAY_VOID = "您此前说明的晚到不再算数，按新的时间仍会晚到的，请再回复“晚到”。"
NO_DELAY_ANNOUNCED = "您没有说明过晚到，请按时到场。"
DELAY_ANNOUNCED = "您已说明约{at}到；有变化请回复“晚到”，能按时到请回复“不晚到了”。"
DELAY_RECORDED_BY_TELEPHONE = (
    "工作人员已按来电登记您约{at}到。不是您说的、时间不对请回复“晚到”更正，能按时到请回复“不晚到了”。"
)
DELAY_STANDS = "您已说明：{time}集合的评标，约{at}到。有变化请再说一次。"
TRAVEL_SAFELY = "好的，路上注意安全。"
TIME_LEFT = "集合时间：{time}，还有{left}"
GATHERING_OVER = "{time}的集合时间已过，请马上说明大约几点能到："
LESS_THAN_A_MINUTE = "不到1分钟"
MAP = "在地图上查看"
ASK_REASON = "为{time}的评标请假。请简短说明原因，例如：生病、出差。"
REASON_FORM = "请用2到{longest}个字说明请假原因。"
LEAVE_READ_BACK = "请假：{time}\n原因：{reason}\n{consequence}\n登记后不能撤销，名额由系统另抽专家。\n确定请假吗？"
LEAVE_YES = "确定请假"
LEAVE_NO = "不请假了"
LEAVE_REASON = "换个原因"
LEFT = "请假已登记：{time}的评标您无需到场，系统将补抽其他专家。"
NOT_LEFT = "没有请假，您仍在{time}评标的名单内，请按时到场。"
LEAVE_ASKED = "有人为您登记了这场的请假，您确认后才生效。请在{until}前回复“确认请假”或“按时到场”。"
LEAVE_ASKED_WHICH = "您答复的是哪一场评标？"
LEAVE_ASKED_READ_BACK = (
    "有人为您登记了{time}评标的请假。\n{consequence}\n确认后不能撤销，名额由系统另抽专家。\n确定请假吗？"
)
WILL_COME = "已记录：您将按时参加{time}的评标，请假没有生效。"
MOVE_ASKED = "改期待您答复：{moved}。请回复“同意改期”或“不能改期”；答复之前，原定时间仍然有效。"
MOVED_GATHERING = "集合时间拟改为{time}"
MOVED_START = "评标推迟到{time}开始"
MOVE_WHICH = "您答复的是哪一场评标的改期？"
MOVE_READ_BACK = "{time}集合的评标，{moved}。\n您改期后不能参加，名额由其他专家补上，不记入履职记录。确定不能参加吗？"
MOVE_AGREE_READ_BACK = "{time}集合的评标，{moved}。\n时间不止一次改动，请核对后再答复。同意改期吗？"
MOVE_NO = "改期后不能参加"
MOVE_AGREED = "已记录：您同意改期（{moved}），请按新的时间到场。"
MOVE_REFUSED = "已记录：改期后您不能参加，无需到场，不记入履职记录。"
NOTHING_MOVED = "没有等待您答复的改期。已同意参加的，请按约定的时间到场。"
NOTHING_ASKED = "没有等待您确认的请假。仍在名单内的请按时到场。"

# ---- check-in

NOTHING_TO_CHECK_IN = "您没有待签到的评标活动。"
CHECKED_IN_ALREADY = "您已于{time}签到，无需重复。验证码：{code}"
CHECK_IN_WHICH = "您要为哪一场评标签到？"
TOO_EARLY = "还未到签到时间。{time}集合的评标，请在{opens}后签到。"
ASK_ARRIVED = "您已经到达集合地点了吗？扫描现场二维码或发送位置即可签到，也可以请现场工作人员登记。"
ARRIVED = "我已到场（自报）"
SEND_POSITION = "发送位置签到"
NOT_THERE_YET = "还没到"
ASK_POSITION = "请点输入框旁的“+”，选择“位置”并发送您现在的位置。"
POSITION_NEEDED = "没有收到位置，尚未签到。请重新回复“签到”，或扫描现场二维码。"
NOT_CHECKED_IN = "尚未签到。到场后请再回复“签到”，或扫描现场二维码。"
CLAIMED_AT = "您于{time}自报到场，还不算签到：请扫描现场二维码，或把验证码告诉现场工作人员登记。"
CLAIMED = "已记录您自报到场（{time}）。{advice}"
CHECKED_IN = "签到成功（{time}）。\n验证码：{code}\n地点：{place}"

# ---- availability

AVAILABILITY = "您设置的不接受抽取的时间：\n{periods}"
AVAILABILITY_WHAT = "您要办理什么？"
ADD_PERIOD = "添加一段时间"
CANCEL_PERIOD = "撤销一段时间"
DO_NOTHING = "不用了"
NOTHING_CHANGED = "没有改动。"
ASK_PERIOD = (
    "什么时间不接受抽取？请这样回复：\n"
    "· {days}，明天到下周三，或 后天下午\n"
    "· 每周三下午，或 每周一、三 14:00到17:30\n"
    "· {wholes}\n"
    "· 生病了暂停抽取（直到您恢复）"
)
PERIOD_READ_BACK = "这些时间不接受抽取：\n{span}\n对吗？"
PAUSE_READ_BACK = "暂停接受抽取：\n{span}\n恢复前不会抽到您，每{days}天问您一次是否继续。对吗？"
PAUSE_SAVED = "已暂停接受抽取。可以评标了，请回复“恢复接受抽取”。"
RESUMED = "已恢复接受抽取。"
GOES_ON = "好的，继续暂停，{again}再问您。"
NOT_PAUSED = "您没有暂停，现在随时可以被抽取。"
NOT_PAUSED_NOW = "您没有暂停接受抽取。"
PERIOD_SAVE = "对，保存"
PERIOD_AGAIN = "重新输入"
PERIOD_DROP = "不设置了"
PERIOD_SAVED = "已保存：{span}不会抽取您。要撤销请回复“日程”。"
PERIOD_PANELS = "注意：这些时间里您已同意的评标不受影响：\n{panels}\n不能到场的，请请假："
WHICH_PERIOD = "撤销哪一段？撤销后这段时间可以抽取您。"
PERIOD_CANCELLED = "已撤销：{span}恢复可以抽取。"

# ---- recusal

RECUSAL = "近亲属的工作单位、您的新单位和其他与您有利害关系的单位，请在网页上申报回避，登记后立即生效："
RECUSAL_PAGE = "申报回避"
RECUSAL_REMOVAL = "删除或更正已登记的回避单位，须办理{title}，审核通过后生效。"
RECUSAL_REMOVAL_BY_OFFICE = "删除或更正已登记的回避单位，请拨打{hotline}。"
RECUSAL_OF_A_CALL = "已接到的评标邀请，您知道与自己有利害关系的，请直接答复不参加或请假。"

# ---- examinations

NO_EXAM = "您目前没有需要参加的考试。"
EXAM_WAITING = "您的申请正在等待考试。考试还没有安排，安排后会通知您，期间可学习培训资料。"
EXAM_IS = "【{name}】"
EXAM_TIME = "时间：{span}"
EXAM_PLACE = "地点：{place}"
EXAM_LENGTH = "时长：{minutes}分钟，开始后不停表；满分的{percent}%合格"
EXAM_BRING = "准备：{bring}"
EXAM_TRIES = "还可作答{tries}次"
EXAM_BOOKED = "已预约，{until}前可以改约或退回"
EXAM_WAITS = "正在候补：{span}"
EXAM_STATES = {
    "to_book": "请先预约场次",
    "ahead": "还没开始，开考前{lobby}分钟可以进入",
    "lobby": "即将开始，可以进入候考",
    "open": "可以开始答题",
    "running": "正在答题，请尽快继续",
    "resting": "{again}起可以再次作答",
    "marking": "已交卷，等待成绩",
    "over": "考试时间已过，请等待管理机构通知",
    "passed": "合格",
    "failed": "不合格",
    "left": "不再参加这场考试",
}
EXAM_STATE = "状态：{state}"
EXAM_ENTER = "进入考试"
EXAM_LOOK = "查看考试"
EXAM_TRIAL = "检查手机，试答几题"
EXAM_MOCK = "先做模拟考试"
EXAM_TO_DO = "待参与考试：{name}，{span}"
EXAM_WHICH = "您要预约哪一场考试？"
NOTHING_TO_BOOK = "您没有需要预约的考试场次。"
BOOK_WHICH = "{name}\n{places}\n请选择场次："
BOOK_NONE = "还没有预约"
BOOK_HELD = "已预约{span}"
BOOK_WAITED = "正在候补{span}"
BOOK_FIXED = "{name}\n已预约{span}，已过改约时间，请按时参加。"
BOOK_NO_SITTING = "{name}目前没有可以预约的场次，请拨打{hotline}咨询。"
SITTING_LEFT = "{span}（余{left}）"
SITTING_FREE = "{span}"
SITTING_FULL = "{span}（已满，候补）"
GIVE_PLACE_BACK = "退回预约"
KEEP_PLACE = "不用了"
PLACE_BOOKED = "已预约：{span}{place}\n{until}前可以改约或退回，回复“预约考试”办理。"
PLACE_WAITING = "已列入候补：{span}。有名额时自动为您预约并通知您。"
PLACE_GIVEN_BACK = "已退回预约。需要参加考试的，请回复“预约考试”重新选择。"

# ---- courses

NO_COURSE = "您目前没有需要参加的培训。安排后会通知您。"
ALL_COURSES = "查看全部培训（{count}门）和学习记录"
COURSE_IS = "【{name}】"
COURSE_TIME = "时间：{opens}至{until}"
COURSE_STATE = "状态：{state}，已学{percent}%"
COURSE_STATES = {
    "unpaid": "待缴费",
    "ahead": "还没开始",
    "open": "学习中",
    "waiting": "已全部完成，最后一讲结束后自动结课",
    "over": "学习时间已结束",
    "excluded": "未按时完成，暂停抽取",
    "learned": "已学完，待考试",
    "finished": "培训完毕",
    "left": "不再参加",
}
MISSED_LECTURE = "有面授或直播没有签到，补学也不能再签到，请拨打{hotline}，由管理机构登记或另行安排。"
COURSE_STUDY = "去学习"
COURSE_MAKE_UP = {"paid": "缴费补学", "free": "去补学"}
COURSE_LOOK = "查看课程"
COURSE_TO_DO = "待参加培训：{name}，截止{until}"

# ---- paying

NOTHING_TO_PAY = "您目前没有需要缴纳的费用。"
FEE_IS = "{title}　¥{amount}"
FEE_NUMBER = "专家编号：{number}"
FEE_UNTIL = "请在{until}前完成缴费。"
PAY_HERE = "点这里立即支付"
PAY_THERE = "也可以用另一部手机扫随后图片里的二维码支付（长按或从相册识别不能支付）。"
PAY_FOR_OTHERS = "按专家编号为他人缴费"
FEE_REFUND = "退费说明：{text}"
FEE_HOTLINE = "咨询：{hotline}"
FEE_NOT_OPEN = "还没有到缴费时间，{opens}起可以缴费，届时会通知您。"
FEE_CLOSED = "缴费已于{until}截止。如有疑问请拨打{hotline}。"
FEE_PAID = "已于{time}缴费成功，无需重复支付。"
FEE_REFUNDED = "已全额退费，请留意原支付账户。"
FEE_VOID = "这笔费用已取消，无需缴纳；如已付款会自动退回。"
INVOICE_WAITING = "电子发票开具后会发送到{email}。"
INVOICE_TITLE_UNTIL = "电子发票{time}自动开具，发送到{email}；要开单位抬头的，请在此之前打开下面的页面填写。"
INVOICE_SENT = "电子发票已发送到{email}。"
INVOICE_FAILED = "电子发票暂未开出，请打开下面的页面核对抬头。"
INVOICE_NO_EMAIL = "还没有登记邮箱，请打开下面的页面填写，以接收电子发票。"
RECEIPT_PAGE = "缴费凭证和发票"
