"""What follows an activity: redraw (重新抽取), recall (通知原专家), release (退选)."""
