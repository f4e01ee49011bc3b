-- A change of the file may be under way beside a renewal or an enrolment, but only one of each.

DROP INDEX application_live;
CREATE UNIQUE INDEX application_live ON application (account_id, (entry_type = 'change')) WHERE ended_at IS NULL;
