"""TLS on the way to a Faktory server."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import trustme

from jobctl.errors import JobctlError, Unreachable, UsageProblem
from jobctl.model.target import Address
from jobctl.model.urls import Tls
from jobctl.systems.faktory.server import Faktory
from tests.redis import doubles
from tests.systems.double import FaktoryDouble

Serve = Callable[..., AbstractContextManager[FaktoryDouble]]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of certificates: ca, other, mine (certificate and key in one)."""
    directory = tmp_path_factory.mktemp("tls")
    ca.cert_pem.write_to_path(directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(directory / "other.pem")
    mine = ca.issue_cert("operator@example.org")
    mine.private_key_and_cert_chain_pem.write_to_path(directory / "mine.pem")
    return directory


@pytest.fixture
def tls(ca: trustme.CA, server, raw) -> Serve:
    """A double that speaks TLS for these names."""

    @contextmanager
    def serve(
        *names: str, client: bool = False, until: datetime.datetime | None = None
    ) -> Iterator[FaktoryDouble]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begin = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC) if until else None
        certificate = ca.issue_cert(
            *(names or ("localhost", "127.0.0.1")), not_before=begin, not_after=until
        )
        certificate.configure_cert(context)
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            ca.configure_trust(context)
        with FaktoryDouble(server.socket, password="secret", tls=context) as double:
            yield double

    return serve


def ask(url: str, tls: Tls | None = None, timeout: float = 1) -> str | None:
    with Faktory(Address.parse(url).with_tls(tls or Tls()), connect_timeout=timeout) as faktory:
        return faktory.info().version


def refused(url: str, tls: Tls | None = None, timeout: float = 1) -> JobctlError:
    with pytest.raises(JobctlError) as caught:
        ask(url, tls, timeout)
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


def test_a_certificate_of_a_ca_that_is_named_is_trusted(tls: Serve, files: Path) -> None:
    ours = Tls(cacert=str(files / "ca.pem"))
    with tls() as double:
        assert ask(double.url, ours) == "1.10.0"
        assert ask(double.url.replace("127.0.0.1", "localhost"), ours) == "1.10.0"
        assert ask(f"{double.url}?cacert={files}/ca.pem") == "1.10.0"
        assert ask(double.url, Tls(insecure=True)) == "1.10.0"


def test_a_certificate_that_is_not_trusted_is_refused_and_said_why(tls, files: Path) -> None:
    ours = Tls(cacert=str(files / "ca.pem"))
    with tls() as double:
        for settings in (None, Tls(cacert=str(files / "other.pem"))):
            error = refused(double.url, settings)
            assert f"127.0.0.1:{double.port} is not trusted: " in str(error)
            assert (error.hint or "").startswith("name its CA with --cacert FILE")
    with tls("elsewhere.example") as double:
        error = refused(double.url, ours)
        assert "is not valid for '127.0.0.1'" in str(error)
        assert (error.hint or "").startswith("use the name the certificate is for")
        assert ask(double.url, Tls(insecure=True)) == "1.10.0"
    with tls(until=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)) as double:
        error = refused(double.url, ours)
        assert "is not trusted: certificate has expired" in str(error)
        assert (error.hint or "").startswith("the server needs a new one")


def test_a_proxy_that_wants_a_client_certificate_gets_it(tls: Serve, files: Path) -> None:
    cacert, mine = str(files / "ca.pem"), str(files / "mine.pem")
    with tls(client=True) as double:
        assert ask(double.url, Tls(cacert, mine)) == "1.10.0"
        error = refused(double.url, Tls(cacert))
        assert "client certificate (--cert and --key)" in (error.hint or "")


def test_a_file_that_does_not_serve_is_named_before_anything_is_connected(files: Path) -> None:
    for settings in (Tls(cacert="none.pem"), Tls(cert=str(files / "ca.pem")), Tls(key="none.pem")):
        assert isinstance(refused("tcp+tls://127.0.0.1:1", settings), UsageProblem)


def test_tls_to_a_plain_port_says_that_it_may_speak_none(faktory: FaktoryDouble) -> None:
    error = refused(faktory.url.replace("tcp:", "tcp+tls:"), Tls(insecure=True))
    assert type(error) is Unreachable
    assert str(error).startswith("no TLS with tcp+tls://127.0.0.1:")
    assert error.hint == "does this port speak TLS? it may be another one than the plain one"
    for handle in (
        doubles.greeting(b""),
        doubles.hanging_up,
        doubles.replying(b"HTTP/1.1 400\r\n"),
    ):
        with doubles.serving(handle) as port:
            error = refused(f"tcp+tls://127.0.0.1:{port}", Tls(insecure=True), timeout=0.3)
        assert str(error).startswith(f"no TLS with tcp+tls://127.0.0.1:{port}")
        assert "tcp://" not in (error.hint or "")


def test_no_tls_to_a_tls_port_says_that_it_may_be_needed(tls: Serve) -> None:
    with tls() as double:
        for timeout in (0.3, 5):  # it waits for the handshake, for two seconds
            error = refused(double.url.replace("tcp+tls:", "tcp:"), timeout=timeout)
            assert "tcp+tls://" in (error.hint or "")
