"""TLS on the way to a Faktory server; tests/redis/test_tls.py is about certificates themselves."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import trustme

from jobctl.errors import JobctlError, Unreachable, UsageProblem
from jobctl.model.target import Address, Tls, with_tls
from jobctl.systems.faktory.server import Faktory
from tests.certificates import client_files, server_context
from tests.redis import doubles
from tests.systems.double import FaktoryDouble


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return client_files(ca, tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(ca: trustme.CA, server, raw):
    """A double that speaks TLS for these names."""

    @contextlib.contextmanager
    def serve(*names: str, client: bool = False):
        context = server_context(ca, *names, client=client)
        with FaktoryDouble(server.socket, password="secret", tls=context) as double:
            yield double

    return serve


def ask(url: str, tls: Tls | None = None, timeout: float = 1) -> str | None:
    with Faktory(with_tls(Address.parse(url), tls or Tls()), connect_timeout=timeout) as faktory:
        return faktory.info().version


def refused(url: str, tls: Tls | None = None, timeout: float = 1) -> JobctlError:
    with pytest.raises(JobctlError) as caught:
        ask(url, tls, timeout)
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


def test_a_certificate_of_a_ca_that_is_named_is_trusted_and_no_other(tls, files: Path) -> None:
    ours = Tls(cacert=str(files / "ca.pem"))
    with tls() as double:
        assert ask(double.url, ours) == "1.10.0"
        assert ask(f"{double.url}?cacert={files}/ca.pem") == "1.10.0"
        assert ask(double.url, Tls(insecure=True)) == "1.10.0"
        for settings in (None, Tls(cacert=str(files / "other.pem"))):
            error = refused(double.url, settings)
            assert f"127.0.0.1:{double.port} is not trusted: " in str(error)
            assert (error.hint or "").startswith("name its CA with --cacert FILE")
    with tls("elsewhere.example") as double:
        assert "is not valid for '127.0.0.1'" in str(refused(double.url, ours))


def test_a_proxy_that_wants_a_client_certificate_gets_it(tls, files: Path) -> None:
    cacert, mine = str(files / "ca.pem"), str(files / "mine.pem")
    with tls(client=True) as double:
        assert ask(double.url, Tls(cacert, mine)) == "1.10.0"
        error = refused(double.url, Tls(cacert))
        assert "client certificate (--cert and --key)" in (error.hint or "")


def test_a_file_that_does_not_serve_is_named_before_anything_is_connected() -> None:
    assert isinstance(refused("tcp+tls://127.0.0.1:1", Tls(cacert="none.pem")), UsageProblem)


def test_tls_to_a_plain_port_says_that_it_may_speak_none(faktory: FaktoryDouble) -> None:
    error = refused(faktory.url.replace("tcp:", "tcp+tls:"), Tls(insecure=True))
    assert type(error) is Unreachable
    assert str(error).startswith("no TLS with tcp+tls://127.0.0.1:")
    assert error.hint == "does this port speak TLS? it may be another one than the plain one"
    for handle in (doubles.greeting(b""), doubles.hanging_up, doubles.replying(b"HTTP/1.1\r\n")):
        with doubles.serving(handle) as port:
            error = refused(f"tcp+tls://127.0.0.1:{port}", Tls(insecure=True), timeout=0.3)
        assert str(error).startswith(f"no TLS with tcp+tls://127.0.0.1:{port}")
        assert "tcp://" not in (error.hint or "")


def test_no_tls_to_a_tls_port_says_that_it_may_be_needed(tls) -> None:
    with tls() as double:
        for timeout in (0.3, 5):  # it waits for the handshake, for two seconds
            error = refused(double.url.replace("tcp+tls:", "tcp:"), timeout=timeout)
            assert "tcp+tls://" in (error.hint or "")
