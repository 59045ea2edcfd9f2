"""Reading a Faktory server's URL: its parts, and never a part of it in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import BadUrl
from jobctl.model.target import Address
from jobctl.model.urls import Tls

SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://localhost:7419", Address("tcp", "localhost", 7419)),
        ("tcp://localhost", Address("tcp", "localhost", 7419)),
        ("tcp://localhost:7419/", Address("tcp", "localhost", 7419)),
        ("'tcp://host'", Address("tcp", "host")),
        ("TCP://Host:1", Address("tcp", "host", 1)),
        ("tcp://:pw@host:8000", Address("tcp", "host", 8000, password="pw")),
        ("tcp://user:pw@host", Address("tcp", "host", username="user", password="pw")),
        ("tcp://:p%2Fw%40%20@host", Address("tcp", "host", password="p/w@ ")),
        ("tcp://:@host", Address("tcp", "host")),
        ("tcp://:pw@[::1]:7000", Address("tcp", "::1", 7000, password="pw")),
        ("tcp://host?password=pw", Address("tcp", "host", password="pw")),
        ("tcp+tls://host", Address("tcp+tls", "host")),
        ("tcp+tls://host?insecure=1", Address("tcp+tls", "host", tls=Tls(insecure=True))),
        ("tcp+tls://host?cacert=/a.pem", Address("tcp+tls", "host", tls=Tls(cacert="/a.pem"))),
    ],
)
def test_a_url_is_read(url: str, address: Address) -> None:
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "has no scheme"),
        ("localhost:7419", "has no scheme"),
        (f"{SECRET}@localhost:7419", "has no scheme"),
        (f"redis://:{SECRET}@host", "not a scheme jobctl speaks"),
        (f"http://:{SECRET}@host:7420", "not a scheme jobctl speaks"),
        (f"tcp+ssl://:{SECRET}@host", "not a scheme jobctl speaks"),
        (f"tcp://:{SECRET}@host:port", "port or host"),
        (f"tcp://:{SECRET}@host:0", "port or host"),
        (f"tcp://:{SECRET}@host:99999", "port or host"),
        (f"tcp://:{SECRET}/@host", "port or host"),
        (f"tcp://:{SECRET}#@host", "port or host"),
        (f"tcp://:{SECRET}@host/0", "has no paths"),
        (f"tcp://:{SECRET}@host/q?x=1", "does not know"),
        (f"tcp://:{SECRET}@host?tls={SECRET}", "does not know"),
        (f"tcp://:{SECRET}@host?cacert=/a.pem", "need a tcp+tls:// URL"),
        (f"tcp://:{SECRET}@host?insecure=true", "need a tcp+tls:// URL"),
        (f"tcp://:{SECRET}\n@host", "control character"),
        (f"tcp://:{SECRET}%ff@host", "not UTF-8"),
        (f"tcp://:{SECRET}@{'a' * 64}.example", "port or host"),
    ],
)
def test_a_url_that_is_malformed_is_refused_and_not_quoted(url: str, told: str) -> None:
    with pytest.raises(BadUrl) as caught:
        Address.parse(url)
    assert told in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_no_text_of_it_holds_the_password() -> None:
    for url in (f"tcp://:{SECRET}@host", f"tcp://{SECRET}@host", f"tcp://host?password={SECRET}"):
        address = Address.parse(url)
        assert SECRET not in f"{address} {address!r}"
    assert str(Address.parse(f"tcp://zo%C3%AB:{SECRET}@[::1]")) == "tcp://zo%C3%AB:***@[::1]:7419"


def test_tls_settings_need_a_url_that_speaks_it() -> None:
    flags = Tls(cacert="/mine.pem")
    address = Address.parse("tcp+tls://host?cacert=/theirs.pem&insecure=1").with_tls(flags)
    assert address.tls == Tls(cacert="/mine.pem", insecure=True)
    plain = Address.parse("tcp://host")
    assert plain.with_tls(Tls()) is plain
    with pytest.raises(BadUrl, match=r"need a tcp\+tls:// URL"):
        plain.with_tls(flags)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_an_address_or_malformed(text: str) -> None:
    for url in (text, f"tcp://{text}", f"tcp+tls://:{text}@host"):
        try:
            address = Address.parse(url)
        except BadUrl:
            continue
        assert Address.parse(str(address).replace(":***@", "@").replace("***@", "")).host
