"""TLS through a small proxy in front of the private server, which itself speaks none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from jobctl import embedded
from tests.certificates import EXPIRED, client_files, server_context
from tests.conftest import Ran
from tests.redis import doubles

Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return client_files(ca, tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(ca: trustme.CA, server: embedded.EmbeddedServer) -> Serve:
    """Serve TLS for these names and yield the URL, without its scheme's letters."""

    @contextmanager
    def serve(*names: str, **how: Any) -> Iterator[str]:
        context = server_context(ca, *names, **how)
        with doubles.serving(doubles.proxy(server.socket, tls=context)) as port:
            yield f"127.0.0.1:{port}/0"

    return serve


def ask(jobctl: Callable[..., Ran], url: str, *argv: object) -> Ran:
    ran = jobctl("retries", "count", "--connect-timeout", "400ms", *map(str, argv), url=url)
    assert "this is a bug" not in ran.err
    assert ran.err == "" or len(ran.err.splitlines()) == 2
    return ran


def test_a_certificate_of_a_ca_that_is_named_is_trusted(jobctl, tls: Serve, files: Path) -> None:
    with tls() as address:
        assert ask(jobctl, f"rediss://{address}", "--cacert", files / "ca.pem") == Ran(0, "0\n", "")
        by_name = address.replace("127.0.0.1", "localhost")
        assert ask(jobctl, f"rediss://{by_name}", "--cacert", files / "ca.pem").code == 0
        assert ask(jobctl, f"rediss://{address}?cacert={files}/ca.pem").code == 0
        assert ask(jobctl, f"rediss://{address}", "--insecure").code == 0


def test_a_certificate_of_an_unknown_ca_is_refused_and_cacert_named(jobctl, tls, files) -> None:
    with tls() as address:
        for argv in ((), ("--cacert", files / "other.pem")):
            ran = ask(jobctl, f"rediss://{address}", *argv)
            assert (ran.code, ran.out) == (3, "")
            assert f"the certificate of rediss://{address} is not trusted: " in ran.err
            assert "hint: name its CA with --cacert FILE" in ran.err


def test_a_certificate_for_another_host_is_refused_and_a_ca_would_not_help(jobctl, tls, files):
    with tls("elsewhere.example") as address:
        ran = ask(jobctl, f"rediss://{address}", "--cacert", files / "ca.pem")
        assert ran.code == 3
        assert "is not valid for '127.0.0.1'" in ran.err
        assert "hint: use the name the certificate is for; --insecure" in ran.err
        assert ask(jobctl, f"rediss://{address}", "--insecure").code == 0


def test_checks_that_the_url_of_another_client_leaves_out_are_left_out(jobctl, tls, files):
    with tls("elsewhere.example") as address:
        for query in ("ssl_cert_reqs=CERT_NONE", "skip_verify=true", "verifyPeer=NONE"):
            assert ask(jobctl, f"rediss://{address}?{query}").out == "0\n"
        for query in ("ssl_check_hostname=false", "verifyPeer=CA"):
            assert ask(jobctl, f"rediss://{address}?cacert={files}/ca.pem&{query}").out == "0\n"
            ran = ask(jobctl, f"rediss://{address}?{query}")
            assert (ran.code, "is not trusted" in ran.err) == (3, True)


def test_an_expired_certificate_is_refused_and_said_to_be_expired(jobctl, tls, files) -> None:
    with tls(until=EXPIRED) as address:
        ran = ask(jobctl, f"rediss://{address}", "--cacert", files / "ca.pem")
        assert ran.code == 3
        assert "is not trusted: certificate has expired" in ran.err
        assert "hint: the server needs a new one" in ran.err
        assert ask(jobctl, f"rediss://{address}", "--insecure").code == 0


def test_a_server_that_wants_a_client_certificate_gets_it(jobctl, tls, files: Path) -> None:
    ours = ("--cacert", files / "ca.pem")
    with tls(client=True) as address:
        url = f"rediss://{address}"
        given = ask(jobctl, url, *ours, "--cert", files / "cert.pem", "--key", files / "key.pem")
        assert (given.code, given.out) == (0, "0\n")
        for argv in ((), ("--cert", files / "stranger.pem")):
            ran = ask(jobctl, url, *ours, *argv)
            assert (ran.code, ran.out) == (3, "")
            assert "client certificate (--cert and --key)" in ran.err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--cacert", "none.pem"), "--cacert: cannot read {}/none.pem: No such file"),
        (("--cacert", "junk.pem"), "{}/junk.pem holds no CA certificate"),
        (("--cert", "none.pem"), "--cert: cannot read {}/none.pem: No such file"),
        (("--cert", "cert.pem", "--key", "none.pem"), "--key: cannot read {}/none.pem: No such"),
        (("--cert", "cert.pem"), "{}/cert.pem and the key in it are no certificate"),
        (("--cert", "junk.pem"), "{}/junk.pem and the key in it are no certificate"),
        (("--cert", "cert.pem", "--key", "stranger.pem"), "{0}/cert.pem and {0}/stranger.pem are"),
        (("--key", "key.pem"), "a key needs its certificate"),
    ],
)
def test_a_file_that_does_not_serve_is_named_before_anything_is_connected(
    jobctl, files: Path, argv: tuple[str, ...], told: str
) -> None:
    full = [str(files / word) if word.endswith(".pem") else word for word in argv]
    ran = ask(jobctl, "rediss://127.0.0.1:1/0", *full)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: " + told.format(files))
    assert "hint: " in ran.err


def test_a_ca_that_is_a_directory_is_named(jobctl, files: Path) -> None:
    ran = ask(jobctl, f"rediss://127.0.0.1:1/0?cacert={files}")
    assert (ran.code, "Is a directory" in ran.err) == (2, True)


def test_tls_to_a_plain_port_says_that_it_may_speak_none(jobctl, server) -> None:
    hint = "hint: does this port speak TLS? it may be another one than the plain one\n"
    for handle in (
        doubles.proxy(server.socket),  # a real server waits for the end of what it takes for a line
        doubles.replying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        doubles.hanging_up,
    ):
        with doubles.serving(handle) as port:
            ran = ask(jobctl, f"rediss://127.0.0.1:{port}/0", "--insecure")
        assert (ran.code, ran.out) == (3, "")
        assert f"error: no TLS with rediss://127.0.0.1:{port}/0" in ran.err
        assert hint in ran.err
        assert "redis://" not in ran.err


def test_no_tls_to_a_tls_port_says_that_it_may_be_needed(jobctl, tls: Serve) -> None:
    with tls() as address:
        ran = ask(jobctl, f"redis://{address}")
    assert (ran.code, ran.out) == (3, "")
    assert "rediss://" in ran.err


def test_tls_options_without_a_tls_url_are_a_usage_error(jobctl, url: str) -> None:
    ran = ask(jobctl, url, "--insecure")
    assert ran.code == 2
    assert "TLS options need a rediss:// URL" in ran.err
