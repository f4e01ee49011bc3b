-- The first page of an organisation with thousands of activities: what is to be done, a month, today's gatherings.
CREATE INDEX draw_to_do ON draw (organisation_id, state, created_at DESC, id);
CREATE INDEX draw_month ON draw (organisation_id, starts_at);
CREATE INDEX draw_gathering ON draw (organisation_id, gathering_first);
CREATE INDEX draw_agent_list ON draw (organisation_id, agent_id, created_at DESC, id);
