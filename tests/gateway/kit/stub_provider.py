"""A deterministic OpenAI-compatible model, for tests of the real OpenClaw gateway.

Binds to 127.0.0.1, never opens an outgoing connection, standard library only. Tests run it in
their own process (`Provider`) and read `seen()`; by hand, from the root of the repository:

    python -m tests.gateway.kit.stub_provider --port 19100

    POST /v1/chat/completions   replies as a model would (SSE when "stream" is true)
    GET  /v1/models             one model, stub-1
    GET  /__stub/requests       every model request seen so far, as JSON

What a request gets is steered by a directive in its newest user message: see `stub_model.py`.
"""

import argparse
import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.gateway.kit.stub_model import Json, Otherwise, Reply, Seen, compose, read_request

WAIT_S = 5.0
"""How long a test waits for something that should be there in milliseconds."""


class Provider:
    """The model, listening on a port of its own. Use it as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._changed = threading.Condition()
        self._seen: list[Seen] = []
        self._otherwise: Otherwise = ""
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="stub-provider")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base that a gateway is given, ending in `/v1`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> Self:
        """Listen, in a thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    __enter__ = start

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """Forget what was seen, and what was asked for."""
        with self._changed:
            self._seen.clear()
            self._otherwise = ""

    def reply_otherwise(self, directives: Otherwise) -> None:
        """What steers the requests that carry no directive, until the next `reset`."""
        self._otherwise = directives

    def seen(self, about: str = "") -> list[Seen]:
        """The requests so far, oldest first; with `about`, those whose newest words hold it."""
        with self._changed:
            return [seen for seen in self._seen if about in seen.newest]

    def wait_for(
        self, what: Callable[[list[Seen]], bool], *, about: str = "", timeout_s: float = WAIT_S
    ) -> list[Seen]:
        """Block until `what` holds of `seen(about)`, and return that.

        Raises:
            TimeoutError: it did not become true in time; the message shows what was seen.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: what(self.seen(about)), timeout_s):
                summary = [(seen.newest[-80:], seen.outcome) for seen in self._seen]
                raise TimeoutError(f"not seen within {timeout_s} s; the provider saw {summary}")
            return self.seen(about)

    def note_request(self, headers: Mapping[str, str], body: Json) -> Seen:
        """A request has arrived."""
        with self._changed:
            seen = read_request(len(self._seen) + 1, headers, body, self._otherwise)
            self._seen.append(seen)
            self._changed.notify_all()
        return seen

    def note_chunk(self, seen: Seen) -> None:
        """A chunk of text has been sent."""
        with self._changed:
            seen.chunks_sent += 1
            self._changed.notify_all()

    def note_outcome(self, seen: Seen, outcome: str) -> None:
        """A request has ended."""
        with self._changed:
            seen.outcome = outcome
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider: Provider, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.provider = provider


class _ClientGone(Exception):
    """The gateway has closed its connection."""


def _say_nothing(self: BaseHTTPRequestHandler, format: str, *args: object) -> None:  # noqa: A002
    """In place of a line on standard error for each request."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stub"
    log_message = _say_nothing

    @property
    def provider(self) -> Provider:
        assert isinstance(self.server, _Server)
        return self.server.provider

    def do_GET(self) -> None:
        if self.path == "/__stub/requests":
            self._send_json(200, {"requests": [asdict(seen) for seen in self.provider.seen()]})
        elif self.path == "/v1/models":
            self._send_json(200, {"object": "list", "data": [{"id": "stub-1", "object": "model"}]})
        else:
            self._send_json(404, {"error": {"message": "no such route"}})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/v1/chat/completions":
            self._send_json(404, {"error": {"message": "no such route"}})
            return
        seen = self.provider.note_request(
            {name.lower(): value for name, value in self.headers.items()}, json.loads(raw)
        )
        try:
            outcome = self._reply(seen)
        except (_ClientGone, ConnectionError):
            outcome = "client disconnected"
            self.close_connection = True
        self.provider.note_outcome(seen, outcome)

    def _reply(self, seen: Seen) -> str:
        wanted = seen.directives
        self._nap(float(wanted.get("first", 0)))
        if "error" in wanted:
            code = int(wanted["error"])
            message = f"stub error {code}"
            self._send_json(code, {"error": {"message": message, "type": "stub_error"}})
            return f"error {code}"
        reply = compose(seen)
        if seen.body.get("stream"):
            return self._stream(seen, reply)
        self._nap(float(wanted.get("hang", 0)))
        message_out: Json = {"role": "assistant", "content": None if reply.call else reply.text}
        if reply.call:
            message_out["tool_calls"] = [reply.call]
        choice = {"index": 0, "message": message_out, "finish_reason": reply.finish}
        self._send_json(
            200,
            {
                **_base(seen, "chat.completion"),
                "usage": reply.usage,
                "choices": [choice],
            },
        )
        return "ok"

    def _stream(self, seen: Seen, reply: Reply) -> str:
        wanted = seen.directives
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self._send_delta(seen, {"role": "assistant", "content": ""})
        if "reasoning" in wanted:
            self._send_delta(seen, {"reasoning_content": wanted["reasoning"]})
        self._nap(float(wanted.get("hang", 0)))
        if not self._send_words(seen, wanted.get("say", "") if reply.call else reply.text):
            self.connection.shutdown(socket.SHUT_RDWR)
            return "cut"
        if reply.call:
            self._send_delta(seen, {"tool_calls": [{"index": 0, **reply.call}]})
        self._send_delta(seen, {}, reply.finish)
        if (seen.body.get("stream_options") or {}).get("include_usage"):
            bare = {**_base(seen, "chat.completion.chunk"), "choices": [], "usage": reply.usage}
            self._send_event(json.dumps(bare))
        self._send_event("[DONE]")
        return "ok"

    def _send_words(self, seen: Seen, text: str) -> bool:
        """False when the directive wants the connection cut here."""
        words = re.findall(r"\S+\s*", text)
        size = max(1, int(seen.directives.get("chunk", 1)))
        cut_after = int(seen.directives.get("cut", len(words) + 1))
        for sent, at in enumerate(range(0, len(words), size)):
            if sent:
                self._nap(float(seen.directives.get("delay", 0)))
            if sent >= cut_after:
                return False
            self._send_delta(seen, {"content": "".join(words[at : at + size])})
            self.provider.note_chunk(seen)
        return True

    def _send_delta(self, seen: Seen, delta: Json, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._send_event(json.dumps({**_base(seen, "chat.completion.chunk"), "choices": [choice]}))

    def _send_event(self, payload: str) -> None:
        self.wfile.write(f"data: {payload}\n\n".encode())
        self.wfile.flush()

    def _send_json(self, status: int, body: Json) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _nap(self, seconds: float) -> None:
        """Wait, but notice at once when the client hangs up."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if not readable:
                return
            if self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise _ClientGone
            time.sleep(min(0.01, left))  # pipelined bytes are waiting: don't spin on them


def _base(seen: Seen, kind: str) -> Json:
    model = seen.body.get("model", "stub-1")
    name = f"stub-{seen.number}"
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(description="a deterministic model on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    args = parser.parse_args()
    with Provider(args.port) as provider:
        print(json.dumps({"url": provider.url}), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
