"""What does: the live side of turns. Async, owns its tasks, knows only ports and core.

Here: who may have a turn (`entrance`), which run answers it (`turns`), the runs themselves. Not
here: what is decided (`core` says so) and how an agent or a store is spoken to (their adapters
do). A request's way: `entrance` ─▶ `turns` ─▶ `runs` ─▶ `run` ─▶ an upstream.
"""
