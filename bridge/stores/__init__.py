"""Where state is kept between requests: one file per place, adapters of `ports/ledger.py`."""
