// Written by `python -m miniapp_api.types > miniprogram/types/api.d.ts`; change the service, not this file.

declare namespace Api {
  interface Calls {
    'GET /pool': { given: {}; answer: PoolOut };
    'POST /sessions': { given: { body: LoginIn }; answer: LoginOut };
    'GET /sessions': { given: {}; answer: LogInOutListing };
    'POST /sessions/password': { given: { body: PasswordLoginIn }; answer: LoginOut };
    'POST /sessions/refresh': { given: { body: RefreshIn }; answer: TokensOut };
    'GET /sessions/current': { given: {}; answer: MeOut };
    'DELETE /sessions/current': { given: {}; answer: EndedOut };
    'POST /sessions/current/phone': { given: { body: BindPhoneIn }; answer: BoundOut };
    'POST /sessions/current/entry': { given: { body: EntryIn }; answer: EntranceOut };
    'PUT /sessions/current/entry': { given: { body: EnterIn }; answer: BoundOut };
    'POST /sessions/current/chat': { given: {}; answer: LinkCodeOut };
    'PUT /sessions/current/role': { given: { body: RoleIn }; answer: ChosenOut };
    'POST /sessions/current/browser': { given: {}; answer: LinkOut };
    'DELETE /sessions/{session_id}': { given: { path: { session_id: string } }; answer: null };
    'POST /codes': { given: { body: SmsCodeIn }; answer: CodeSentOut };
    'DELETE /accounts/me/wechat': { given: {}; answer: UnboundOut };
    'POST /accounts/me/export': { given: { body: ProofIn }; answer: unknown };
    'POST /accounts/me/deletion': { given: { body: ProofIn }; answer: DeletedOut };
    'POST /registrations': { given: { body: RegistrationIn }; answer: RegisteredOut };
    'GET /accounts/me': { given: {}; answer: ProfileOut };
    'PUT /accounts/me/consent': { given: { body: ConsentIn }; answer: null };
    'PUT /accounts/me/password': { given: { body: PasswordIn }; answer: PasswordSetOut };
    'PUT /passwords': { given: { body: ResetIn }; answer: PasswordSetOut };
    'PUT /accounts/me/mobile': { given: { body: MobileIn }; answer: MobileChangedOut };
    'POST /initial-passwords': { given: { body: InitialIn }; answer: InitialPasswordOutListing };
    'GET /organisations/agents': { given: {}; answer: AgentOutListing };
    'POST /organisations/agents': { given: { body: AgentIn }; answer: AgentOut };
    'DELETE /organisations/agents/{link_id}': { given: { path: { link_id: string } }; answer: AgentOut };
    'GET /organisations/requests': { given: {}; answer: AgentOutListing };
    'POST /organisations/requests/{link_id}/acceptance': { given: { path: { link_id: string } }; answer: AgentOut };
    'POST /organisations/requests/{link_id}/refusal': { given: { path: { link_id: string } }; answer: AgentOut };
    'GET /invitations': { given: {}; answer: InvitationOutListing };
    'GET /invitations/{invitation_id}': { given: { path: { invitation_id: string } }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/answer': { given: { path: { invitation_id: string }; body: InvitationAnswerIn }; answer: AnsweredOut };
    'POST /invitations/{invitation_id}/undo': { given: { path: { invitation_id: string } }; answer: AnsweredOut };
    'POST /invitations/{invitation_id}/leave': { given: { path: { invitation_id: string }; body: LeaveIn }; answer: InvitationOut };
    'POST /invitations/{invitation_id}/leave-answer': { given: { path: { invitation_id: string }; body: LeaveAnswerIn }; answer: InvitationOut };
    'GET /panels': { given: { query?: { past?: boolean } }; answer: InvitationOutListing };
    'POST /check-ins': { given: { body: CheckInIn }; answer: CheckedInOut };
    'GET /experts/me': { given: {}; answer: ExpertProfileOut };
    'GET /experts/me/unavailabilities': { given: {}; answer: PeriodOutListing };
    'POST /experts/me/unavailabilities': { given: { body: PeriodIn }; answer: PeriodOut };
    'DELETE /experts/me/unavailabilities/{period_id}': { given: { path: { period_id: string } }; answer: PeriodOut };
    'GET /home': { given: {}; answer: HomeOut };
    'GET /progress': { given: {}; answer: ProgressListOut };
    'GET /applications/schema': { given: { query?: { entry_type?: 'first' | 'renewal' | 'education' | 'change' } }; answer: SchemaOut };
    'GET /applications': { given: {}; answer: OwnLineOutListing };
    'POST /applications': { given: { body: StartIn }; answer: BegunOut };
    'GET /applications/{application_id}': { given: { path: { application_id: string } }; answer: ApplicationOut };
    'PUT /applications/{application_id}/sections/{section}': { given: { path: { application_id: string; section: string }; body: SectionIn };
      answer: SavedSectionOut };
    'POST /applications/{application_id}/submission': { given: { path: { application_id: string }; body: SubmitIn }; answer: OutcomeOut };
    'POST /applications/{application_id}/withdrawal': { given: { path: { application_id: string } }; answer: OutcomeOut };
    'POST /applications/{application_id}/cancellation': { given: { path: { application_id: string } }; answer: OutcomeOut };
    'GET /payments/fees': { given: {}; answer: FeeViewOutListing };
    'POST /payments/lookups': { given: { body: NumberIn }; answer: FeeViewOut };
    'GET /payments/fees/{fee_id}': { given: { path: { fee_id: string } }; answer: FeeViewOut };
    'POST /payments/fees/{fee_id}/orders': { given: { path: { fee_id: string }; body: OrderIn }; answer: PlacedOrderOut };
    'PUT /payments/fees/{fee_id}/invoice': { given: { path: { fee_id: string }; body: InvoiceIn }; answer: InvoiceViewOut };
    'GET /exams': { given: {}; answer: OwnExamOutListing };
    'GET /exams/{candidate_id}/sittings': { given: { path: { candidate_id: string } }; answer: BookingOut };
    'POST /exams/{candidate_id}/booking': { given: { path: { candidate_id: string }; body: BookingIn }; answer: BookedOut };
    'DELETE /exams/{candidate_id}/booking': { given: { path: { candidate_id: string } }; answer: BookedOut };
    'GET /courses': { given: { query?: { search?: string; page?: number } }; answer: EnrolmentViewOutPage };
    'GET /courses/{enrolment_id}': { given: { path: { enrolment_id: string } }; answer: OwnCourseOut };
    'POST /courses/{enrolment_id}/items/{item_id}/opening': { given: { path: { enrolment_id: string; item_id: string } }; answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/beats': { given: { path: { enrolment_id: string; item_id: string }; body: BeatIn }; answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/presence': { given: { path: { enrolment_id: string; item_id: string }; body: PlayerIn };
      answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/pages': { given: { path: { enrolment_id: string; item_id: string }; body: SeenPageIn };
      answer: StudyViewOut };
    'POST /courses/{enrolment_id}/items/{item_id}/sign-in': { given: { path: { enrolment_id: string; item_id: string }; body: SignInCodeIn };
      answer: StudyViewOut };
    'GET /consents': { given: { query: { occasion: 'applying' | 'paying' | 'learning' | 'invitation' | 'submission' | 'drawing' | 'supervising' | 'verifying'
        | 'at_the_door' | 'reviewing' } };
      answer: RequestableConsentOutListing };
    'POST /consents': { given: { body: AnswersIn }; answer: null };
    'GET /notices': { given: { query?: { page?: number; size?: number } }; answer: PastNoticeOutPage };
  }

  interface AdviceOut {
    region: string;
    line: string;
  }

  interface AgentIn {
    mobile: string;
    name: string;
    valid_from?: string | null;
    valid_until?: string | null;
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

  interface BegunOut {
    id: string;
    number: string;
    entry_type: 'first' | 'renewal' | 'education' | 'change';
    state: string;
    existing: boolean;
  }

  interface BindPhoneIn {
    privacy_version: string;
    phone_code?: string | null;
    mobile?: string | null;
    sms_code?: string | null;
  }

  interface BookedOut {
    state: 'booked' | 'waiting' | 'none';
    span: string;
    place: string;
    until: string;
  }

  interface BookingIn {
    sitting_id: string;
    wait?: boolean;
  }

  interface BookingOut {
    booked: string | null;
    waiting: string | null;
    fixed: boolean;
    sittings: Array<OwnSittingOut>;
  }

  interface BoundOut {
    masked_name: string;
    masked_mobile: string;
    roles: Array<string>;
  }

  interface CampaignOut {
    id: string;
    name: string;
    entry_types: Array<string>;
    enrol_from: string;
    enrol_until: string;
    review_from: string | null;
    review_until: string | null;
    pay_from: string | null;
    pay_until: string | null;
    announcement: string;
    advice: Record<string, string>;
    state: 'draft' | 'upcoming' | 'open' | 'closed';
    created_at: string;
    published_at: string | null;
    closed_at: string | null;
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

  interface ChoicesOut {
    terminals: Array<string>;
    recusal_reasons: Array<string>;
    release_causes: Array<string>;
    recusal_evidence: Array<string>;
    region_modes: Array<string>;
    region_mode_note: string;
    several_regions: boolean;
    alternative_specialty: boolean;
    absence_causes: Array<string>;
    termination_reasons: Array<ReasonOut>;
    region_change: boolean;
    quick_remarks: Array<string>;
    remarks_max: number;
    experts_max: number;
    venues: Array<VenueOut>;
    pay_ways: Array<string>;
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

  interface ConsentIn {
    privacy_version: string;
  }

  interface DeletedOut {
    removed: Array<string>;
    kept: Array<string>;
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
    phase: 'unpaid' | 'ahead' | 'open' | 'over' | 'excluded' | 'learned' | 'finished' | 'left';
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
    standing: string;
    active: boolean;
    permanent_region: NamedOut;
    willing_regions: Array<NamedOut>;
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
    standing: MembershipStatusOut;
    to_do: Array<ToDoOut>;
    progress: ApplicationProgressOut | null;
    campaigns: Array<CampaignOut>;
    advice: Array<AdviceOut>;
  }

  type IdentityVerificationResult = '' | 'matched' | 'on_file' | 'waiting' | 'no_record' | 'differs';

  interface InitialIn {
    numbers: Array<string>;
  }

  interface InitialPasswordOut {
    number: string;
    outcome: 'issued' | 'kept' | 'unknown' | 'mobile_shared';
    account_name: string;
  }

  interface InitialPasswordOutListing {
    items: Array<InitialPasswordOut>;
  }

  interface InvitationAnswerIn {
    choice: 'accept' | 'decline';
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
    undo_until: string | null;
  }

  interface InvitationOutListing {
    items: Array<InvitationOut>;
  }

  type InvitationState = 'open' | 'accepted' | 'declined' | 'silent' | 'left' | 'absent' | 'recused' | 'released' | 'cancelled';

  interface InvoiceIn {
    title: string;
    taxpayer_id?: string;
    email?: string;
  }

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
  }

  interface ItemViewOut {
    id: string;
    position: number;
    kind: string;
    title: string;
    length: number;
    hours: number;
    credit: number | null;
    ready: boolean;
    pages: number;
    bytes: number;
    starts_at: string | null;
    ends_at: string | null;
    place: string;
    seconds: number;
    done_at: string | null;
    missed: number;
    code: string;
  }

  interface LeaveAnswerIn {
    agrees: boolean;
  }

  interface LeaveIn {
    reason?: string;
  }

  interface LinkCodeOut {
    code: string;
    scan: string;
    valid_until: string;
  }

  interface LinkOut {
    url: string;
  }

  interface LogInOut {
    id: string;
    device: string;
    since: string;
    until: string;
    current: boolean;
  }

  interface LogInOutListing {
    items: Array<LogInOut>;
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
  }

  interface MobileChangedOut {
    masked_mobile: string;
    changeable_again_at: string | null;
  }

  interface MobileIn {
    mobile: string;
    code: string;
    password?: string;
    old_code?: string;
  }

  interface NamedOut {
    code: string;
    name: string;
  }

  interface NumberIn {
    number: string;
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

  interface OwnCourseOut {
    course: EnrolmentViewOut;
    items: Array<ItemViewOut>;
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

  interface OwnLineOut {
    id: string;
    number: string;
    entry_type: 'first' | 'renewal' | 'education' | 'change';
    state: string;
    state_label: string;
    created_at: string;
    submitted_at: string | null;
    ended_at: string | null;
  }

  interface OwnLineOutListing {
    items: Array<OwnLineOut>;
  }

  interface OwnSittingOut {
    id: string;
    starts_at: string;
    ends_at: string;
    place: string;
    span: string;
    left: number | null;
    waiting: number;
    until: string;
    open: boolean;
  }

  interface ParametersOut {
    timeStamp: string;
    nonceStr: string;
    package: string;
    signType: string;
    paySign: string;
  }

  interface PasswordIn {
    new: string;
    old?: string;
    code?: string;
  }

  interface PasswordLoginIn {
    name: string;
    password: string;
  }

  interface PasswordSetOut {
    ended: number;
  }

  interface PastNoticeOut {
    id: string;
    at: string;
    title: string;
    text: string;
    channel: 'voice' | 'wechat' | 'sms' | 'mini';
    channel_label: string;
    state: 'answered' | 'delivered' | 'sent' | 'unknown' | 'failed';
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

  interface PeriodIn {
    starts_at: string;
    ends_at: string;
    reason?: string;
  }

  interface PeriodOut {
    id: string;
    starts_at: string;
    ends_at: string;
    reason: string;
    panels: number;
  }

  interface PeriodOutListing {
    items: Array<PeriodOut>;
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
    help: string;
    privacy_version: string;
    privacy_text: string;
    leave_consequence: string;
    registration: RegistrationOut;
    code_length: number;
    pay_for_others: boolean;
    choices: ChoicesOut;
  }

  interface PositionIn {
    latitude: number;
    longitude: number;
    system?: 'wgs84' | 'gcj02';
  }

  interface ProfileOut {
    masked_name: string;
    masked_id_number: string;
    masked_mobile: string;
    registered: boolean;
    person_check: IdentityVerificationResult;
    has_password: boolean;
    password_initial: boolean;
    mobile_free_at: string | null;
    consent: boolean;
    standing: MembershipStatusOut;
  }

  interface ProgressListOut {
    progress: ApplicationProgressOut | null;
  }

  interface ProofIn {
    code: string;
  }

  interface ReasonOut {
    code: string;
    label: string;
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
    password_rule: string;
    login_ways: Array<'code' | 'password'>;
    login_names: Array<'mobile' | 'id_number' | 'pinyin'>;
  }

  interface RequestableConsentOut {
    template_id: string;
    title: string;
    left: number;
    ask: boolean;
  }

  interface RequestableConsentOutListing {
    items: Array<RequestableConsentOut>;
  }

  interface ResetIn {
    mobile: string;
    code: string;
    id_tail: string;
    new: string;
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

  interface SignInCodeIn {
    code: string;
  }

  interface SmsCodeIn {
    mobile: string;
    purpose?: 'bind' | 'privacy' | 'register' | 'password' | 'mobile';
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

  interface StartIn {
    entry_type: 'first' | 'renewal' | 'education' | 'change';
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

  interface UnboundOut {
    was_bound: boolean;
  }

  interface VenueOut {
    code: string;
    name: string;
    address: string;
  }
}
