"""Pages of courses: the list, one of them, the player, slides, signing in at a lecture."""
