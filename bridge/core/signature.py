"""Keyed digests: names for what must not be written down, compared safely.

A digest stands for a text wherever the text itself may not be seen (a telephone number in a
session key). Without the install's secret nobody can test a guess against it; with it, the same
text gives the same digest for ever, on every machine.
"""

import base64
import hashlib
import hmac

DIGEST_CHARS = 16
"""Characters of a digest: base32, 5 bits each, so 80 bits.

Spread evenly, a million texts share a digest with a chance of about 4e-13 (n² / 2^81).
Base32 in lower case because some who store it ignore case: nothing is lost there.
"""


def keyed_digest(secret: bytes, purpose: str, text: str) -> str:
    """`DIGEST_CHARS` characters `a-z2-7` for a text, by HMAC-SHA256.

    Args:
        secret: the install's secret; losing it gives every text a new digest.
        purpose: what the digest is for, so that digests for two purposes can't be matched up.
        text: what is named.

    Raises:
        ValueError: the secret is empty, and so anybody could test guesses.
    """
    if not secret:
        raise ValueError("a keyed digest needs a secret")
    said = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, said, hashlib.sha256).digest()
    return base64.b32encode(digest)[:DIGEST_CHARS].decode("ascii").lower()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(
        hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(other.encode("utf-8", "surrogatepass")).digest(),
    )
