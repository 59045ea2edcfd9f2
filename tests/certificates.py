"""Certificates for tests of TLS: a CA, files of clients, and contexts of servers."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme

EXPIRED = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def client_files(ca: trustme.CA, directory: Path) -> Path:
    """Write ca, other (a CA), cert and key, mine and stranger (both in one), and junk."""
    other = trustme.CA()
    ca.cert_pem.write_to_path(directory / "ca.pem")
    other.cert_pem.write_to_path(directory / "other.pem")
    mine = ca.issue_cert("operator@example.org")
    mine.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    mine.private_key_pem.write_to_path(directory / "key.pem")
    for name, issued in (("mine", mine), ("stranger", other.issue_cert("other@example.org"))):
        issued.private_key_and_cert_chain_pem.write_to_path(directory / f"{name}.pem")
    (directory / "junk.pem").write_text("junk")
    return directory


def server_context(
    ca: trustme.CA, *names: str, client: bool = False, until: datetime.datetime | None = None
) -> ssl.SSLContext:
    """Return the context of a server called so; `client`: it wants a client's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begin = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC) if until else None
    names = names or ("localhost", "127.0.0.1")
    ca.issue_cert(*names, not_before=begin, not_after=until).configure_cert(context)
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(context)
    return context
