"""Which hosts are public, and which addresses a platform on the internet can use."""

import pytest

from bridge.core.public_url import is_public, unfit


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_is_not_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "phone.example.com", "10.0.0.1"])  # noqa: S104 - the address that must be refused
def test_every_other_address_is_public(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize(
    "url",
    [
        "https://bridge.example.com",
        "https://bridge.example.com:8443/below",
        "https://name.ngrok-free.dev",
        "https://8.8.8.8",
        "https://[2001:4860:4860::8888]",
    ],
)
def test_an_https_address_of_the_internet_will_do(url: str) -> None:
    assert unfit(url) == ""


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("http://bridge.example.com", "is not https"),
        ("http://8.8.8.8", "is not https"),
        ("https://127.0.0.1:8787", "is this machine's own address"),
        ("https://[::1]", "is this machine's own address"),
        ("https://localhost", "only this machine or its own network knows"),
        ("https://bridge", "only this machine or its own network knows"),
        ("https://bridge.local", "only this machine or its own network knows"),
        ("https://bridge.local.", "only this machine or its own network knows"),
        ("https://bridge.home.arpa", "only this machine or its own network knows"),
        ("https://10.0.0.1", "is an address of a private network"),
        ("https://192.168.1.20", "is an address of a private network"),
        ("https://172.20.0.1", "is an address of a private network"),
        ("https://169.254.169.254", "is an address of a private network"),
        ("https://100.64.1.1", "is an address of a private network"),
        ("https://[fd00::1]", "is an address of a private network"),
    ],
)
def test_an_address_that_the_platform_cant_use_says_why(url: str, because: str) -> None:
    assert because in unfit(url)
