"""Promises, in our words: one file per port, a Protocol and what it guarantees.

Here: what an adapter must do. Not here: how any adapter does it. A new port earns
its place with two adapters; `tests/contract/` runs its promises over each of them.
"""
