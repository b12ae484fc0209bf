"""Machines to reach by ssh: real ones in namespaces, and a light sshd on a loopback port."""

from .login import Login
from .machine import Machine
from .processes import Process
from .root import oldest_python
from .sshd import Sshd
from .user import User

__all__ = ["Login", "Machine", "Process", "Sshd", "User", "oldest_python"]
