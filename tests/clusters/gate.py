"""A gate before a service that speaks HTTP: TLS, a token, paths that are closed, lost answers."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Gate:
    """Passes requests on, and notes them.

    Args:
        behind: The address of the service.
        token: Who does not bring it is refused.
        closed: What a path must not begin with.
        folder: Where the certificate is made; without one there is no TLS.

    Attributes:
        asked: The method and path of each request.
        loses: Decides of a method and path whether its answer is lost on the way back.
    """

    def __init__(
        self, behind: str, *, token: str = "", closed: str = "", folder: Path | None = None
    ) -> None:
        self.behind = urlsplit(behind)
        self.token = token
        self.closed = closed
        self.folder = folder
        self.asked: list[tuple[str, str]] = []
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if folder is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*_certificate(folder))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        scheme = "https" if self.folder else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def certificates(self) -> Path:
        """Who vouches for it."""
        assert self.folder
        return self.folder / "gate.pem"

    def count(self, method: str, path: str) -> int:
        """How many requests there were of a method to paths that begin so."""
        return sum(one == method and where.startswith(path) for one, where in self.asked)

    def __enter__(self) -> Gate:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                gate.asked.append((self.command, self.path))
                if gate.token and self.headers.get("Authorization") != f"Bearer {gate.token}":
                    self._say(401, {}, b"Unauthorized")
                elif gate.closed and self.path.startswith(gate.closed):
                    self._say(403 if gate.token else 404, {}, b"nothing here")
                else:
                    answer = gate.ask(self.command, self.path, dict(self.headers), body)
                    if gate.loses(self.command, self.path):
                        self.close_connection = True
                        return
                    self._say(*answer)

            def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _pass

        return Handler

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the service behind."""
        assert self.behind.hostname
        connection = http.client.HTTPConnection(self.behind.hostname, self.behind.port, timeout=60)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in _HOP}
            connection.request(method, path, body, kept)
            answer = connection.getresponse()
            data = answer.read()
            passed = {n: value for n, value in answer.getheaders() if n.lower() not in _HOP}
            return answer.status, passed, data
        except OSError as error:
            return 502, {}, str(error).encode()
        finally:
            connection.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "gate.pem", folder / "gate.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
