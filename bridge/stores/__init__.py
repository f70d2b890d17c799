"""Where state is kept between requests: one file per place, adapters of `ports/ledger.py`.

Here: how something is held and found again. Not here: what it means (`core/turn.py` decides on
it). A new one joins `tests/contract/test_ledger.py` by one `Kind`, and keeps every promise there.
"""
