"""``python -m benchmarks._relay PORT DELAY_MS``: a port that leads to another one, and is far away.

It holds every byte back for so long in each direction, whatever their number, and counts them.
Its first line is its own port; to each line on its input it answers with the bytes so far, those
towards the port first. It ends with its input.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import sys
import threading
import time

_PIECE = 1 << 18
_counted = [0, 0]


def main() -> None:
    port, delay_s = int(sys.argv[1]), float(sys.argv[2]) / 1e3
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listener, port, delay_s), daemon=True).start()
    for _ in sys.stdin:
        print(*_counted, flush=True)


def _accept(listener: socket.socket, port: int, delay_s: float) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        for way, ends in enumerate(((near, far), (far, near))):
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _carry(*ends, way, delay_s)


def _carry(source: socket.socket, target: socket.socket, way: int, delay_s: float) -> None:
    held: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(_PIECE)
            except OSError:
                data = b""
            _counted[way] += len(data)
            held.put((time.monotonic() + delay_s, data))

    def give() -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = held.get()
                time.sleep(max(due - time.monotonic(), 0.0))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)

    for act in (take, give):
        threading.Thread(target=act, daemon=True).start()


if __name__ == "__main__":
    main()
