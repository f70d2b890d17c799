"""Whole calls on this machine: a simulated voice platform rings the real server over real sockets.

What belongs here: scenarios, the platform that acts them out, the stage they stand on, what
happened, whether that is what was expected, and how it is shown. Beneath `cli`, above `wiring`.
What doesn't: anything a real call needs.

Read `scenario.py`, then `performance.py`; everything else leads from the one to the other.
"""
