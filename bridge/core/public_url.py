"""Addresses by which the world reaches us: which hosts are public, and which addresses will do."""

import ipaddress
from urllib.parse import urlsplit

LOCAL_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")
"""Last parts of names that only a machine or a local network knows.

Source: RFC 6761, RFC 6762, RFC 8375, and ICANN's `.internal` (2026-11).
"""


def is_public(host: str) -> bool:
    """Whether others than this machine may reach a server that listens on `host`."""
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True


def unfit(url: str) -> str:
    """Why a platform on the internet can't use this address, to be read after it; empty if it can.

    Args:
        url: an http or https address.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        is_local = "." not in host or any(host.endswith(f".{name}") for name in LOCAL_NAMES)
        if is_local:
            return "is a name that only this machine or its own network knows"
    else:
        if address.is_loopback:
            return "is this machine's own address, which nobody else can reach"
        if not address.is_global:
            return "is an address of a private network, which nobody else can reach"
    return "" if parts.scheme == "https" else "is not https: tokens and words travel through it"
