"""The composition root: settings in, a running bridge out.

`bridge.py` is the whole; read it first. The only package that names adapters, through `plugins`.
Whatever is opened here is closed here, in the opposite order.
"""
