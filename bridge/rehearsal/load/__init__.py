"""Load: many rehearsed calls at once, in real time, against a server in a process of its own.

What belongs here: the server's process, the calls, and the figures. What doesn't: how a call goes;
that is `platform`, as in any rehearsal. `figures` is pure; the rest waits.

Read `calls.py`, then `figures.py`.
"""
