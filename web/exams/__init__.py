"""Pages of examinations: booking a sitting, the paper, its receipt, pictures of items."""
