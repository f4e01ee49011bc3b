"""Pages of certificates: one's own, and the check of one for anybody."""
