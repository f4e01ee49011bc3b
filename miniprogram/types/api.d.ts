// Written by `python -m miniapp_api.types > miniprogram/types/api.d.ts`; change the service, not this file.

declare namespace Api {
  interface Calls {
    'GET /pool': { given: {}; answer: PoolOut };
    'POST /sessions': { given: { body: LoginIn }; answer: LoginOut };
    'POST /sessions/refresh': { given: { body: RefreshIn }; answer: TokensOut };
    'GET /sessions/current': { given: {}; answer: MeOut };
    'DELETE /sessions/current': { given: {}; answer: EndedOut };
    'GET /sessions/current/work': { given: {}; answer: WorkCountOutListing };
    'POST /sessions/current/phone': { given: { body: BindPhoneIn }; answer: BoundOut };
    'POST /sessions/current/entry': { given: { body: EntryIn }; answer: EntranceOut };
    'PUT /sessions/current/entry': { given: { body: EnterIn }; answer: BoundOut };
    'POST /sessions/current/chat': { given: {}; answer: LinkCodeOut };
    'PUT /sessions/current/role': { given: { body: RoleIn }; answer: ChosenOut };
    'POST /sessions/current/browser': { given: {}; answer: LinkOut };
    'POST /codes': { given: { body: SmsCodeIn }; answer: CodeSentOut };
    'POST /registrations': { given: { body: RegistrationIn }; answer: RegisteredOut };
    'GET /organisations/requests': { given: {}; answer: AgentOutListing };
    'POST /organisations/requests/{link_id}/acceptance': { given: { path: { link_id: string } }; answer: AgentOut };
    'GET /invitations': { given: {}; answer: InvitationOutListing };
    'GET /invitations/{invitation_id}': { given: { path: { invitation_id: string } }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/opened': { given: { path: { invitation_id: string } }; answer: null };
    'POST /invitations/{invitation_id}/answer': { given: { path: { invitation_id: string }; body: InvitationAnswerIn }; answer: AnsweredOut };
    'POST /invitations/{invitation_id}/undo': { given: { path: { invitation_id: string } }; answer: AnsweredOut };
    'POST /invitations/{invitation_id}/leave': { given: { path: { invitation_id: string }; body: LeaveIn }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/late-arrival': { given: { path: { invitation_id: string }; body: LateArrivalIn }; answer: InvitationOut };
    'DELETE /invitations/{invitation_id}/late-arrival': { given: { path: { invitation_id: string } }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/leave-answer': { given: { path: { invitation_id: string }; body: LeaveAnswerIn }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/move-answer': { given: { path: { invitation_id: string }; body: MoveAnswerIn }; answer: InvitationOut };
    'GET /panels': { given: { query?: { past?: boolean } }; answer: InvitationOutListing };
    'POST /check-ins': { given: { body: CheckInIn }; answer: CheckedInOut };
    'GET /experts/me': { given: {}; answer: ExpertProfileOut };
    'GET /experts/me/unavailabilities': { given: {}; answer: OwnTimesOut };
    'POST /experts/me/unavailabilities': { given: { body: TimesOffIn }; answer: PeriodOut };
    'DELETE /experts/me/unavailabilities/{period_id}': { given: { path: { period_id: string } }; answer: PeriodOut };
    'POST /experts/me/unavailabilities/{period_id}/going-on': { given: { path: { period_id: string } }; answer: PauseGoesOnOut };
    'GET /home': { given: {}; answer: HomeOut };
    'GET /applications/schema': { given: { query?: { entry_type?: 'first' | 'renewal' | 'education' | 'change' } }; answer: SchemaOut };
    'GET /applications/{application_id}': { given: { path: { application_id: string } }; answer: ApplicationOut };
    'GET /applications/{application_id}/changes': { given: { path: { application_id: string } }; answer: OwnComparisonOut };
    'PUT /applications/{application_id}/sections/{section}': { given: { path: { application_id: string; section: string }; body: SectionIn };
      answer: SavedSectionOut };
    'POST /applications/{application_id}/submission': { given: { path: { application_id: string }; body: SubmitIn }; answer: OutcomeOut };
    'POST /applications/{application_id}/withdrawal': { given: { path: { application_id: string } }; answer: OutcomeOut };
    'POST /applications/{application_id}/cancellation': { given: { path: { application_id: string } }; answer: OutcomeOut };
    'GET /payments/fees': { given: {}; answer: FeeViewOutListing };
    'POST /payments/lookups': { given: { body: NumberIn }; answer: FeeViewOut };
    'GET /payments/fees/{fee_id}': { given: { path: { fee_id: string } }; answer: FeeViewOut };
    'POST /payments/fees/{fee_id}/orders': { given: { path: { fee_id: string }; body: OrderIn }; answer: PlacedOrderOut };
    'GET /exams': { given: {}; answer: OwnExamOutListing };
    'GET /courses': { given: { query?: { search?: string; page?: number } }; answer: EnrolmentViewOutPage };
    'POST /courses/{enrolment_id}/items/{item_id}/opening': { given: { path: { enrolment_id: string; item_id: string } }; answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/beats': { given: { path: { enrolment_id: string; item_id: string }; body: BeatIn }; answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/presence': { given: { path: { enrolment_id: string; item_id: string }; body: PlayerIn };
      answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/pages': { given: { path: { enrolment_id: string; item_id: string }; body: SeenPageIn };
      answer: StudyViewOut };
    'GET /consents': { given: { query: { occasion: 'applying' | 'paying' | 'learning' | 'invitation' | 'submission' | 'drawing' | 'supervising' | 'verifying'
        | 'at_the_door' | 'reviewing' } };
      answer: RequestableConsentOutListing };
    'POST /consents': { given: { body: AnswersIn }; answer: null };
    'GET /consents/own': { given: {}; answer: OwnConsentOutListing };
    'GET /notices': { given: { query?: { page?: number; size?: number } }; answer: PastNoticeOutPage };
  }

  interface AdviceOut {
    region: string;
    line: string;
  }

  interface AgentOut {
    link_id: string;
    organisation_id: string;
    organisation_name: string;
    masked_name: string;
    masked_mobile: string;
    valid_from: string;
    valid_until: string;
    state: 'waiting' | 'active' | 'expired' | 'future' | 'revoked' | 'declined';
    paused_by: '' | 'entity' | 'person';
  }

  interface AgentOutListing {
    items: Array<AgentOut>;
  }

  interface AnsweredOut {
    effective: boolean;
    invitation: InvitationOut;
  }

  interface AnswersIn {
    answers: Record<string, 'accept' | 'acceptWithAudio' | 'acceptWithAlert' | 'reject' | 'ban' | 'filter'>;
  }

  interface ApplicationOut {
    id: string;
    number: string;
    entry_type: 'first' | 'renewal' | 'education' | 'change';
    campaign: string;
    version: number;
    locked_version: number | null;
    sections: Array<SectionViewOut>;
    account: Record<string, string>;
    files: Array<FileViewOut>;
    problems: Array<FieldProblemOut>;
    fixed: Array<string>;
    returned: Array<ReturnedOut>;
    returned_fields: Array<ReturnedFieldOut>;
    kept: Array<string>;
    kept_rule: string;
    names: Record<string, Record<string, string>>;
    may: Array<string>;
    log: Array<LogLineOut>;
    progress: ApplicationProgressOut;
    created_at: string;
  }

  interface ApplicationProgressOut {
    application_id: string;
    number: string;
    entry_type: 'first' | 'renewal' | 'education' | 'change';
    state: string;
    state_label: string;
    headline: string;
    who: string;
    since: string;
    advice: string;
    ask: string;
    opinion: string;
    step: StepOut | null;
    stages: Array<StageOut>;
    specialties: Array<SpecialtyProgressOut>;
    expert_number: string;
    submitted_at: string | null;
    until: string | null;
    ended_at: string | null;
    give_up: string;
  }

  interface BeatIn {
    player: number;
    start: number;
    end: number;
    rate?: number;
  }

  interface BindPhoneIn {
    privacy_version: string;
    phone_code?: string | null;
    mobile?: string | null;
    sms_code?: string | null;
  }

  interface BoundOut {
    masked_name: string;
    masked_mobile: string;
    roles: Array<string>;
  }

  interface CheckInIn {
    token?: string | null;
    invitation_id?: string | null;
    position?: PositionIn | null;
    device?: string;
  }

  interface CheckedInOut {
    first: boolean;
    at: string;
    code: string;
    place: string;
    counted: boolean;
    advice: string;
  }

  interface ChosenOut {
    role: 'expert' | 'applicant' | 'agent' | 'organisation' | 'verifier' | 'supervisor' | 'venue' | 'reviewer' | 'pool_admin';
    scope: string;
    organisation_id: string | null;
    expert_id: string | null;
  }

  interface CodeSentOut {
    masked_mobile: string;
    valid_until: string;
    again_after: number;
  }

  interface EndedOut {
    ended: number;
  }

  type EnrolmentState = 'called' | 'learned' | 'finished' | 'left';

  interface EnrolmentViewOut {
    id: string;
    course_id: string;
    name: string;
    description: string;
    course_opens: string;
    course_closes: string;
    opens_at: string;
    closes_at: string;
    state: EnrolmentState;
    access: 'unpaid' | 'ahead' | 'open' | 'over' | 'left';
    phase: 'unpaid' | 'ahead' | 'open' | 'waiting' | 'over' | 'excluded' | 'learned' | 'finished' | 'left';
    progress: number;
    exam_state: '' | 'pending' | 'passed' | 'failed';
    marked_at: string | null;
    make_ups: number;
    finished_at: string | null;
    overdue: boolean;
    excluded: boolean;
    required: boolean;
    amount: number | null;
    fee_id: string | null;
    pay_until: string | null;
    missed_lecture: boolean;
    make_up: '' | 'free' | 'paid' | 'lecture_over' | 'exam_over' | 'by_office';
    has_exam: boolean;
    candidate_id: string | null;
    expert_number: string;
    expert_name: string;
  }

  interface EnrolmentViewOutPage {
    items: Array<EnrolmentViewOut>;
    total: number;
    page: number;
    size: number;
  }

  interface EnterIn {
    token: string;
    privacy_version: string;
  }

  interface EntranceOut {
    masked_name: string;
    masked_mobile: string;
    consent: boolean;
  }

  interface EntryIn {
    token: string;
  }

  interface ExpertProfileOut {
    id: string;
    number: string;
    masked_name: string;
    masked_id_number: string;
    masked_mobile: string;
    membership_status: MembershipStatusOut;
    permanent_region: NamedOut;
    willing_regions: Array<NamedOut> | null;
    specialties: Array<NamedOut>;
    title_level: NamedOut;
    qualifications: Array<NamedOut>;
    department: NamedOut;
    employers: Array<string>;
    unavailable: Array<PeriodOut>;
  }

  interface FeeViewOut {
    id: string;
    own: boolean;
    title: string;
    amount: number;
    amount_yuan: string;
    expert_number: string;
    name: string;
    phase: 'not_open' | 'open' | 'closed' | 'paid' | 'refunded' | 'void';
    opens_at: string;
    closes_at: string | null;
    paid_at: string | null;
    invoice: InvoiceViewOut | null;
    legal_basis: string;
    refund_text: string;
    hotline: string;
  }

  interface FeeViewOutListing {
    items: Array<FeeViewOut>;
  }

  interface FieldComparisonOut {
    code: string;
    label: string;
    change: 'filled' | 'changed' | 'emptied' | 'stated';
    former: Array<string>;
    value: Array<string>;
  }

  interface FieldProblemOut {
    field: string;
    message: string;
  }

  interface FileViewOut {
    id: string;
    field: string;
    row: number;
    filename: string;
    media_type: string;
    size: number;
    state: string;
    taken_over: boolean;
    created_at: string;
  }

  interface HomeOut {
    membership_status: MembershipStatusOut;
    to_do: Array<ToDoOut>;
    progress: ApplicationProgressOut | null;
    messages: Array<OfficeMessageOut>;
    advice: Array<AdviceOut>;
  }

  type IdentityVerificationResult = '' | 'matched' | 'on_file' | 'waiting' | 'no_record' | 'differs';

  interface InvitationAnswerIn {
    choice: 'accept' | 'decline';
    gathering_at?: string | null;
  }

  interface InvitationOut {
    id: string;
    state: InvitationState;
    gathering_at: string;
    ends_at: string;
    place: string;
    venue: string;
    contact: string;
    contact_phone: string;
    remark: string;
    answer_until: string;
    code: string;
    checked_in_at: string | null;
    claimed_at: string | null;
    checked_out_at: string | null;
    leave_until: string | null;
    leave_asked_until: string | null;
    proposed_gathering_at: string | null;
    proposed_start_at: string | null;
    proposal: string;
    undo_until: string | null;
    late_minutes: number | null;
    late_by_telephone: boolean;
    arrives_at: string | null;
    late_from: string | null;
    recused: boolean;
    map?: MapOut | null;
  }

  interface InvitationOutListing {
    items: Array<InvitationOut>;
  }

  type InvitationState = 'open' | 'accepted' | 'declined' | 'silent' | 'left' | 'absent' | 'recused' | 'released' | 'cancelled';

  type InvoiceState = 'wanted' | 'applied' | 'issued' | 'sent' | 'failed' | 'reversing' | 'stuck' | 'reversed';

  interface InvoiceViewOut {
    id: string;
    state: InvoiceState;
    title: string;
    taxpayer_id: string;
    email: string;
    number: string;
    red_number: string;
    correctable: boolean;
    receipt_sent_at: string | null;
    sent_at: string | null;
    issue_at: string | null;
  }

  interface LateArrivalIn {
    minutes: number;
    reason?: string;
  }

  interface LateArrivalOut {
    shortest: number;
    longest: number;
    consequence: string;
  }

  interface LeaveAnswerIn {
    agrees: boolean;
  }

  interface LeaveIn {
    reason?: string;
    late?: boolean;
  }

  interface LinkCodeOut {
    code: string;
    scan: string;
    valid_until: string;
  }

  interface LinkOut {
    url: string;
  }

  interface LogLineOut {
    at: string;
    event: string;
    label: string;
    who: string;
    step_name: string;
    specialty: string;
    specialty_name: string;
    opinion: string;
  }

  interface LoginIn {
    code: string;
  }

  interface LoginOut {
    tokens: TokensOut;
    bound: boolean;
    role: string;
    roles: Array<RoleOut>;
  }

  interface MapOut {
    latitude: number;
    longitude: number;
  }

  interface MeOut {
    bound: boolean;
    role: string;
    scope: string;
    organisation_id: string | null;
    expert_id: string | null;
    roles: Array<RoleOut>;
    in_chat: boolean;
  }

  interface MembershipStatusOut {
    kind: 'outside' | 'applying' | 'temporary' | 'formal' | 'suspended' | 'left';
    text: string;
    expert_number: string;
    emergency: string;
    suspensions: Array<SuspensionOut>;
  }

  interface MoveAnswerIn {
    agrees: boolean;
    proposal: string;
  }

  interface NamedOut {
    code: string;
    name: string;
  }

  interface NumberIn {
    number: string;
  }

  interface OfficeMessageOut {
    number: string;
    at: string;
    text: string;
  }

  interface OptionOut {
    key: string;
    text: string;
  }

  interface OrderIn {
    trade: 'native' | 'mini';
  }

  interface OutcomeOut {
    id: string;
    number: string;
    state: string;
    state_label: string;
    round: number;
    version: number;
  }

  interface OwnComparisonOut {
    compared: boolean;
    changes: Array<FieldComparisonOut>;
  }

  interface OwnConsentOut {
    template_id: string;
    title: string;
    long_term: boolean;
    left: number;
    state: 'on' | 'off' | 'refused' | 'ended';
  }

  interface OwnConsentOutListing {
    items: Array<OwnConsentOut>;
  }

  interface OwnExamOut {
    candidate_id: string;
    name: string;
    purpose: string;
    phase: string;
    span: string;
    starts_at: string;
    place: string;
    minutes: number;
    pass_percent: number;
    tries_left: number;
    bring: string;
    booking: boolean;
    booked: boolean;
    book_until: string;
    waiting: string;
    again_at: string | null;
    mock: string | null;
    face_wanted: boolean;
    face_other_way: string;
  }

  interface OwnExamOutListing {
    items: Array<OwnExamOut>;
  }

  interface OwnTimesOut {
    periods: Array<PeriodOut>;
    pause_asked_days: number;
    holidays: Array<OptionOut>;
    months: Array<OptionOut>;
  }

  interface ParametersOut {
    timeStamp: string;
    nonceStr: string;
    package: string;
    signType: string;
    paySign: string;
  }

  interface PastNoticeOut {
    id: string;
    at: string;
    title: string;
    text: string;
    channel: 'voice' | 'wechat' | 'sms' | 'mini';
    channel_label: string;
    state: 'answered' | 'opened' | 'delivered' | 'sent' | 'unknown' | 'failed';
    state_label: string;
    action: string;
    path: string;
    mini: string;
    invitation_id: string | null;
  }

  interface PastNoticeOutPage {
    items: Array<PastNoticeOut>;
    total: number;
    page: number;
    size: number;
  }

  interface PauseGoesOnOut {
    again: string;
  }

  interface PeriodOut {
    id: string;
    starts_at: string;
    ends_at: string | null;
    reason: string;
    text: string;
    weekly: boolean;
    panels: Array<string>;
  }

  interface PlacedOrderOut {
    order_id: string;
    amount: number;
    expires_at: string;
    code_url: string;
    parameters: ParametersOut | null;
  }

  interface PlayerIn {
    player: number;
  }

  interface PoolOut {
    name: string;
    hotline: string;
    privacy_version: string;
    privacy_text: string;
    leave_consequence: string;
    late_leave_consequence: string;
    late_arrival: LateArrivalOut;
    registration: RegistrationOut;
    pay_for_others: boolean;
  }

  interface PositionIn {
    latitude: number;
    longitude: number;
    system?: 'wgs84' | 'gcj02';
  }

  interface RefreshIn {
    refresh: string;
  }

  interface RegisteredOut {
    masked_name: string;
    masked_id_number: string;
    masked_mobile: string;
    roles: Array<string>;
    expert_number: string;
    person_check: IdentityVerificationResult;
  }

  interface RegistrationIn {
    name: string;
    id_number: string;
    privacy_version: string;
    agreed: boolean;
    mobile?: string;
    code?: string;
    password?: string;
  }

  interface RegistrationOut {
    open: boolean;
    closed: string;
    honesty: string;
  }

  interface RequestableConsentOut {
    template_id: string;
    title: string;
    left: number;
    long_term: boolean;
    ask: boolean;
  }

  interface RequestableConsentOutListing {
    items: Array<RequestableConsentOut>;
  }

  interface ReturnedFieldOut {
    place: string;
    label: string;
    words: string;
    file: string | null;
    mended: boolean;
  }

  interface ReturnedOut {
    code: string;
    opinion: string;
    mended: boolean;
  }

  interface RoleIn {
    role: 'expert' | 'applicant' | 'agent' | 'organisation' | 'verifier' | 'supervisor' | 'venue' | 'reviewer' | 'pool_admin';
    scope?: string;
    organisation_id?: string | null;
  }

  interface RoleOut {
    role: 'expert' | 'applicant' | 'agent' | 'organisation' | 'verifier' | 'supervisor' | 'venue' | 'reviewer' | 'pool_admin';
    scope: string;
    organisation_id: string | null;
    organisation_name: string;
    label: string;
  }

  interface SavedSectionOut {
    section: string;
    version: number;
    form_version: number;
    values: Record<string, unknown>;
    saved_at: string;
  }

  interface SchemaOut {
    entry_type: 'first' | 'renewal' | 'education' | 'change';
    sections: Array<Record<string, unknown>>;
    specialties: Record<string, unknown>;
    age_max: number | null;
    employer_from_list: boolean;
    own_employer_recused: boolean;
    papers: Record<string, unknown>;
  }

  interface SectionIn {
    version: number;
    values: Record<string, unknown>;
  }

  interface SectionViewOut {
    code: string;
    title: string;
    version: number;
    saved_at: string | null;
    values: Record<string, unknown>;
    editable: Array<string>;
  }

  interface SeenPageIn {
    player: number;
    number: number;
  }

  interface SmsCodeIn {
    mobile: string;
    purpose?: 'bind' | 'register';
  }

  interface SpecialtyProgressOut {
    code: string;
    name: string;
    choice: 'preferred' | 'alternative';
    state: string;
    state_label: string;
    admitted: boolean | null;
  }

  interface StageOut {
    code: string;
    name: string;
    who: string;
    state: 'done' | 'now' | 'next' | 'stopped';
    at: string | null;
  }

  interface StepOut {
    code: string;
    label: string;
    route: string;
  }

  interface StudyViewOut {
    player: number;
    position: number;
    seconds: number;
    reach: number;
    gap: number;
    asked: boolean;
    done: boolean;
    progress: number;
  }

  interface SubmitIn {
    version: number;
  }

  interface SuspensionOut {
    cause: 'self' | 'office' | 'course' | 'term' | 'age';
    title: string;
    detail: string;
    action: string;
    route: string;
    until: string | null;
    enrolment_id: string | null;
  }

  interface TimesOffIn {
    kind: 'span' | 'pause' | 'weekly' | 'holiday' | 'month';
    reason?: string;
    starts_at?: string | null;
    ends_at?: string | null;
    weekdays?: Array<number>;
    hours?: 'all' | 'morning' | 'afternoon' | 'evening' | 'own';
    from_time?: string;
    to_time?: string;
    until?: string | null;
    holiday?: string;
    month?: string;
  }

  interface ToDoOut {
    code: string;
    title: string;
    detail: string;
    action: string;
    route: string;
    until: string | null;
  }

  interface TokensOut {
    access: string;
    refresh: string;
    access_until: string;
    refresh_until: string;
  }

  interface WorkCountOut {
    name: string;
    number: number;
    unit: string;
  }

  interface WorkCountOutListing {
    items: Array<WorkCountOut>;
  }
}
