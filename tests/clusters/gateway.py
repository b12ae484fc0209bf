"""A gateway in front of a server, as a cluster has one: it wants a password, and has its moods."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_KEPT = ("content-type", "content-encoding", "location", "www-authenticate")


class Gateway:
    """Passes requests on below a path of its own, and answers.

    Args:
        behind: The address of the server.
        secret: What the header ``Authorization`` must be; empty for none.
        certificate: A file with a key and a certificate, for TLS.

    Attributes:
        seen: The method and path of each request.
        headers: The headers of the last one.
        loses: Told of each request; one for which it is true is passed on, and its answer lost.
        is_away: Whether the server behind it cannot be reached, says the gateway.
    """

    path = "/livy"

    def __init__(self, behind: str, secret: str = "", certificate: Path | None = None) -> None:
        self.behind = urlsplit(behind)
        self.secret = secret
        self.seen: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        self.is_away = False
        self._open: set[socket.socket] = set()
        gateway = self

        class Handler(_Handler):
            def setup(self) -> None:
                super().setup()
                gateway._open.add(self.connection)

            def finish(self) -> None:
                gateway._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

        Handler.gateway = self
        self._server = _Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}{self.path}"

    def cut(self) -> None:
        """Cut all connections to it, whatever is on its way."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[Gateway]:
        """Let it answer as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.cut()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def password(user: str, secret: str) -> str:
    """Make what a browser sends for a password."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def make_certificate(folder: Path) -> Path:
    """Make a key and a certificate for this machine that nobody else trusts."""
    path = folder / "gateway.pem"
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=gateway"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(["openssl", "req", *words, *files], cwd=folder, check=True, capture_output=True)
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return path


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was cut is nothing to write about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: Gateway

    def do_GET(self) -> None:
        gateway = self.gateway
        path = self.path.removeprefix(gateway.path)
        gateway.seen.append((self.command, path))
        gateway.headers = {name.lower(): value for name, value in self.headers.items()}
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else None
        if gateway.secret and gateway.headers.get("authorization") != gateway.secret:
            self._answer(401, b"<html>sign in</html>", {"WWW-Authenticate": 'Basic realm="x"'})
        elif gateway.is_away:
            self._answer(502, b"<html><h1>Bad Gateway</h1></html>", {})
        elif not self.path.startswith(gateway.path):
            self._answer(404, b"<html>nothing here</html>", {})
        else:
            self._pass_on(path, body)

    do_POST = do_PUT = do_DELETE = do_GET

    def _pass_on(self, path: str, body: bytes | None) -> None:
        place = self.gateway.behind
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        behind = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        try:
            behind.request(self.command, path, body, kept)
            answer = behind.getresponse()
            data = answer.read()
        except OSError:
            self._answer(502, b"<html><h1>Bad Gateway</h1></html>", {})
            return
        finally:
            behind.close()
        if self.gateway.loses(self.command, path):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        headers = {name: value for name, value in answer.getheaders() if name.lower() in _KEPT}
        self._answer(answer.status, data, headers)

    def _answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
