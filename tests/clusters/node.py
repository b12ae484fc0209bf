"""The first process of a node: a name and a boot of its own, then slurmd and all that it starts.

It lives as long as its stdin is open. When it ends, the kernel ends everything on the node.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys

BIND, REC, PRIVATE = 4096, 16384, 1 << 18

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, flags):
    if libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), target)


def main(name, folder, *command):
    mount("none", "/", REC | PRIVATE)
    mount(os.path.join(folder, "hosts"), "/etc/hosts", BIND)
    mount(os.path.join(folder, f"boot_id.{name}"), "/proc/sys/kernel/random/boot_id", BIND)
    socket.sethostname(name)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL).pid
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready and not os.read(0, 1):
            return
        if woken in ready:
            os.read(woken, 4096)
            if daemon in ended():
                return


def ended():
    found = []
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found.append(pid)


main(*sys.argv[1:])
