"""Rehearsals with sound: real voices, a real ear, and what the one understood of the other.

What belongs here: frames of a telephone line, voices and ears behind `bridge.rehearsal.sound`, how
wrong words are counted, and the sound of a call as a file. All of it works without a network: the
models come with packages, those of the extra `rehearsal`.
What doesn't: who speaks when. That is the platform's.

`kit.py` opens what an `--audio` run needs; `frames.py` and `wav.py` need no package at all.
"""
