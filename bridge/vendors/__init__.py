"""Companies and protocols that more than one adapter speaks to: one thin client each.

Here: how to call them, what their bytes mean, and their failures in our tree of errors.
Not here: what a call, a turn or a caller is. A client joins when a second adapter needs it.
"""
