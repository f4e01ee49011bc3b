"""Pages of reviewers: the queue, one application, the decision."""
