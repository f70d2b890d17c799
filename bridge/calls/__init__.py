"""What does: the live side of turns. Async, owns its tasks, knows only ports and core."""
