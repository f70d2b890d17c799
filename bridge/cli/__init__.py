"""Doors for a person: the commands of `bridge`.

One file for each command, named after it, that offers `command`, a click command; `main` lists
them and imports one only when it is asked for. What a command prints goes through `output`:
data on standard output, everything else on standard error. To add one, write its file and its
line in `main.COMMANDS`; a test compares the two.
"""
