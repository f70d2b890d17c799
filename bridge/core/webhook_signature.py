"""Whether the voice platform signed a delivery: `t=<unix seconds>,v0=<hex>` over the raw body.

The hex is an HMAC-SHA256, by the webhook's secret, of the moment, a dot and the body as it came.
Several `v0` and several secrets are tried, so that a secret can be changed while deliveries are on
their way. A delivery from long ago or from the future isn't taken, whoever signed it.

Source: elevenlabs.io/docs, post-call webhooks, authentication (2026-11).
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.errors import Unauthenticated

SIGNATURE_HEADER = "elevenlabs-signature"

PAST_S = 1800.0
"""How old a delivery may be: what the vendor's own helper allows. A retry may carry the signature
of the first try."""

FUTURE_S = 300.0
"""How far our clock may be behind the platform's. Machines that keep time agree within seconds."""

_TIME = re.compile("[0-9]{1,12}")
_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature header, read.

    Attributes:
        at: the moment it was signed, as it was written.
        digests: what it claims, each 64 lower-case hexadecimal digits.
    """

    at: str
    digests: tuple[str, ...]


def parse_signature(header: str) -> Signature:
    """The header's parts. Schemes that we don't know are passed over.

    Raises:
        Unauthenticated: no moment, more than one, or no `v0`.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in parts if name == "t" and _TIME.fullmatch(value)]
    digests = [value for name, _, value in parts if name == "v0" and _HEX.fullmatch(value)]
    if len(moments) != 1 or not digests:
        raise Unauthenticated("The signature can't be read.", hint="It is 't=…,v0=…'.")
    return Signature(moments[0], tuple(digests))


def verify(signature: Signature, body: bytes, secrets: Iterable[str], at_s: float) -> None:
    """Returns when the platform signed this body, lately.

    Args:
        signature: the header, read.
        body: as it came, byte for byte.
        secrets: any of them may have signed it.
        at_s: time of day, seconds since 1970.

    Raises:
        Unauthenticated: nobody who knows a secret signed this, or not lately.
    """
    signed = signature.at.encode("ascii") + b"." + body
    matches = [
        hmac.compare_digest(_digest(secret, signed), digest)
        for secret in secrets
        for digest in signature.digests
    ]
    if not any(matches):
        raise Unauthenticated("The signature is wrong.")
    if not -FUTURE_S <= at_s - int(signature.at) <= PAST_S:
        raise Unauthenticated("The signature is too old, or from the future.")


def _digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
