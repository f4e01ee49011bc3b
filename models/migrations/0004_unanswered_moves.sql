-- Reminders of moved times look for the few invitations that wait for an answer, every few seconds.

CREATE INDEX invitation_moved ON invitation (draw_id) WHERE proposed_since IS NOT NULL;
