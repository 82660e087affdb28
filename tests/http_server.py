"""A real HTTP server on loopback whose answers a test writes, and a look whether one is there."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

Answer = tuple[int, object]


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # as real servers have it: with 5, a busy machine loses connections


class Scripted:
    """Answers requests by `answer(path, body)`, a status and JSON; `asked` keeps the bodies."""

    def __init__(self, answer: Callable[[str, dict | None], Answer], port: int = 0) -> None:
        scripted, self.asked = self, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(None)

            def do_POST(self) -> None:
                self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _reply(self, body: dict | None) -> None:
                scripted.asked.append(body)
                status, value = answer(self.path, body)
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answers(address: str) -> bool:
    """Whether a page is there."""
    try:
        return urlopen(address, timeout=5).status == 200
    except OSError:
        return False
