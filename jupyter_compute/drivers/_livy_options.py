"""What a target behind Livy must say about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class LivyOptions(Protocol):
    """The options of the kind ``spark`` that count where it is reached through Livy.

    Attributes:
        livy: The server's address, such as ``https://mycluster.azurehdinsight.net/livy``.
        staging: A folder that this machine and the cluster both see: ``file:/shared/jc``,
            ``webhdfs://namenode:9870/user/ann/jc`` or, over TLS, ``swebhdfs://…``.
        staging_there: The same folder as the cluster names it, where that differs, such as
            ``hdfs:///user/ann/jc``.
        livy_user: Whom to sign in as.
        livy_password: Where the password is kept; without it it is asked for.
        livy_token: Where a bearer token is kept.
        livy_headers: Further headers of every request; a value may be a reference to a secret.
        livy_ca_file: Who signed the server's certificate, as a file.
        livy_verify: Whether the server's certificate is checked.
        proxy_user: Whom Livy runs the work as.
    """

    @property
    def livy(self) -> str: ...
    @property
    def staging(self) -> str: ...
    @property
    def staging_there(self) -> str: ...
    @property
    def livy_user(self) -> str: ...
    @property
    def livy_password(self) -> str: ...
    @property
    def livy_token(self) -> str: ...
    @property
    def livy_headers(self) -> Mapping[str, str]: ...
    @property
    def livy_ca_file(self) -> str: ...
    @property
    def livy_verify(self) -> bool: ...
    @property
    def proxy_user(self) -> str: ...
