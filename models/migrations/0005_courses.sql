ALTER TABLE course
    ADD CHECK (state IN ('draft', 'published', 'closed', 'cancelled')),
    ADD CHECK (audience IN ('all', 'campaigns', 'listed')),
    ADD CHECK (opens_at < closes_at),
    ADD CHECK (amount > 0);
ALTER TABLE course_item
    ADD CHECK (kind IN ('video', 'pages', 'live')),
    ADD CHECK (seconds >= 0);
ALTER TABLE course_enrolment
    ADD CHECK (state IN ('called', 'learned', 'finished', 'left')),
    ADD CHECK (exam_state IN ('', 'pending', 'passed', 'failed')),
    ADD CHECK (progress BETWEEN 0 AND 1000),
    ADD CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    ADD CHECK (opens_at < closes_at);
CREATE INDEX course_enrolment_excluded ON course_enrolment (expert_id) WHERE excluded_at IS NOT NULL;
-- A fee belongs to an application or to an enrolment; a make-up asks for another one after the first was paid.
ALTER TABLE fee ADD CONSTRAINT fee_belongs CHECK ((application_id IS NULL) <> (enrolment_id IS NULL));
CREATE UNIQUE INDEX fee_enrolment_due ON fee (enrolment_id) WHERE state = 'due';
