"""What decides. Pure: standard library only, no I/O, no clock (time is an argument).

Here: turns, sessions, speech, policy, the chat wire. Not here: anything that waits,
listens, logs or reads the environment. Add a file named after a word of the glossary,
with a test file of the same name under `tests/unit/core/`.
"""
