"""HTTP/1.1 as we speak it to an agent: httpx's own seam, over asyncio's transports and httptools.

    transport.py   connections by origin, kept while they are fresh; the one method of the seam
    connection.py  one connection: bytes in, one answer at a time out, every wait bounded
    wire.py        a request as bytes; what may stand in it

What httpx calls and gives is kept (`Request`, `Response`, its errors), so that whoever stands in
front can't tell. Why not its own transport: that looks at every open connection at each request,
and takes four generators and a lock for each piece of a reply (`docs/explain/latency.md`).
"""

from bridge.vendors.http1.transport import Transport

__all__ = ["Transport"]
