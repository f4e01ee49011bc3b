-- Late arrivals that experts tell by telephone (晚到): recorded by venue or office, who told it, and that the expert may mend it.

ALTER TABLE late_arrival ADD COLUMN told_by varchar(10) DEFAULT '' NOT NULL;
ALTER TABLE late_arrival ADD COLUMN recorded_by_id uuid;
ALTER TABLE late_arrival ADD CONSTRAINT late_arrival_recorded CHECK (
    told_by IN ('', 'self', 'other')
    AND (channel = 'phone') = (recorded_by_id IS NOT NULL)
    AND (channel = 'phone') = (told_by <> '')
);
COMMENT ON TABLE late_arrival IS
    'That an expert comes late (晚到): his own statement, or what the staff recorded of a telephone call. It counts while it is not ended and its gathering is the agreed one.';
