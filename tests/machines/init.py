"""The first process of a machine: mounts what it sees, then lives as long as its stdin is open.

Whoever holds the other end of that pipe holds the machine: when they are gone, however they went,
this process ends, and the kernel ends all others, the mounts and the network with it.
"""

import ctypes
import json
import os
import signal
import socket
import sys

RDONLY, REMOUNT, BIND, REC, PRIVATE = 1, 32, 4096, 16384, 1 << 18
DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)


def mount(source, target, kind, flags, data):
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    must(libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), target)


def enter(root, mounts):
    mount("none", "/", None, REC | PRIVATE, None)
    mount(root, root, None, BIND, None)
    for one in mounts:
        target = root + one["target"]
        if one["kind"] == "without-python":
            hide_python(root, target)
            continue
        if one["kind"] != "bind":
            os.makedirs(target, exist_ok=True)
            mount(one["kind"], target, one["kind"], 0, one.get("data"))
            continue
        if not os.path.lexists(target):
            if os.path.isdir(one["source"]):
                os.makedirs(target)
            else:
                os.close(os.open(target, os.O_CREAT, 0o644))
        mount(one["source"], target, None, BIND | REC, None)
        if one.get("readonly"):
            mount("none", target, None, BIND | REMOUNT | RDONLY, None)
    old = os.path.join(root, ".old")
    os.makedirs(old, exist_ok=True)
    must(libc.syscall(PIVOT_ROOT, os.fsencode(root), os.fsencode(old)), "pivot_root")
    os.chdir("/")
    must(libc.umount2(b"/.old", DETACH), "/.old")
    os.rmdir("/.old")


def hide_python(root, programs):
    """Put links to all programs but Python in the place of the folder of programs."""
    aside = root + "/.programs"
    os.makedirs(aside, exist_ok=True)
    mount(programs, aside, None, BIND, None)
    mount("tmpfs", programs, "tmpfs", 0, "mode=755")
    for name in os.listdir(aside):
        if not name.startswith(("python", "pydoc", "pyenv")):
            os.symlink("/.programs/" + name, programs + "/" + name)


def devices():
    os.umask(0)
    for name, number in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
        os.mknod("/dev/" + name, 0o020666, os.makedev(1, number))
    os.mknod("/dev/tty", 0o020666, os.makedev(5, 0))
    os.symlink("pts/ptmx", "/dev/ptmx")
    os.symlink("/proc/self/fd", "/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", "/dev/" + name)
    os.umask(0o022)


def main():
    with open(sys.argv[1]) as file:
        plan = json.load(file)
    enter(plan["root"], plan["mounts"])
    devices()
    os.makedirs("/run/sshd", exist_ok=True)
    socket.sethostname(plan["hostname"])
    # The kernel buries the orphans of the machine, so that this process has nothing to do.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)


main()
