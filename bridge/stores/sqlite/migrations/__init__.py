"""The shape of the database, step by step: `0001.sql` and so on, each applied once, in order.

A step that was released is never changed: what is to be different is the next step.
"""
