from __future__ import annotations

import traceback
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.errors import BadUrl, Exit
from jobctl.model.target import Address, Target, Tls, with_tls
from jobctl.model.url_parameters import IGNORED

FORMS = [  # URL, what differs from Target(), how it is shown
    ("redis://h", {"host": "h"}, "redis://h:6379/0"),
    ("redis://", {}, "redis://localhost:6379/0"),
    ("redis:///7", {"db": 7}, "redis://localhost:6379/7"),
    ("REDIS://H:7000/15/", {"host": "h", "port": 7000, "db": 15}, "redis://h:7000/15"),
    ("redis://h/123456789", {"host": "h", "db": 123456789}, "redis://h:6379/123456789"),
    ("redis://h?db=2", {"host": "h", "db": 2}, "redis://h:6379/2"),
    ("redis://h/1?db=2", {"host": "h", "db": 2}, "redis://h:6379/2"),
    ("redis://h/1?db=0", {"host": "h"}, "redis://h:6379/0"),
    ("redis://h:/", {"host": "h"}, "redis://h:6379/0"),
    ("redis://127.0.0.1:1", {"host": "127.0.0.1", "port": 1}, "redis://127.0.0.1:1/0"),
    ("redis://bücher.example", {"host": "bücher.example"}, "redis://bücher.example:6379/0"),
    ("redis://[::1]", {"host": "::1"}, "redis://[::1]:6379/0"),
    ("redis://:p@[2001:db8::7]:70/2", {"host": "2001:db8::7", "port": 70, "db": 2},
     "redis://:***@[2001:db8::7]:70/2"),
    ("redis://[fe80::1%25eth0]:1", {"host": "fe80::1%eth0", "port": 1}, "redis://[fe80::1%eth0]:1/0"),
    ("redis://:p@h", {"host": "h"}, "redis://:***@h:6379/0"),
    ("redis://bob:p@h", {"host": "h"}, "redis://bob:***@h:6379/0"),
    ("redis://b%40b:p@h", {"host": "h"}, "redis://b%40b:***@h:6379/0"),
    ("redis://bob@h", {"host": "h"}, "redis://***@h:6379/0"),
    ("redis://h?username=bob&password=p", {"host": "h"}, "redis://bob:***@h:6379/0"),
    ("rediss://h:1", {"scheme": "rediss", "host": "h", "port": 1}, "rediss://h:1/0"),
    ("valkey://h/1", {"host": "h", "db": 1}, "redis://h:6379/1"),
    ("valkeys://h:1", {"scheme": "rediss", "host": "h", "port": 1}, "rediss://h:1/0"),
    ('"redis://h"', {"host": "h"}, "redis://h:6379/0"),
    ("' redis://h '", {"host": "h"}, "redis://h:6379/0"),
    ("unix:///run/r.sock", {"scheme": "unix", "path": "/run/r.sock"}, "unix:///run/r.sock"),
    ("unix:///a%20b?db=3", {"scheme": "unix", "path": "/a b", "db": 3}, "unix:///a%20b?db=3"),
    ("unix:///a b", {"scheme": "unix", "path": "/a b"}, "unix:///a%20b"),
    ("unix:///%FF", {"scheme": "unix", "path": "/\udcff"}, "unix:///%FF"),
    ("unix://bob:p@/r", {"scheme": "unix", "path": "/r"}, "unix://bob:***@/r"),
    ("unix:///r?password=p&db=1", {"scheme": "unix", "path": "/r", "db": 1}, "unix://:***@/r?db=1"),
    ("embedded://", {"scheme": "embedded"}, "embedded://"),
    ("embedded://?db=1", {"scheme": "embedded", "db": 1}, "embedded://?db=1"),
    ("embedded:///var/jobs", {"scheme": "embedded", "path": "/var/jobs"}, "embedded:///var/jobs"),
    ("embedded://Jobs/a%3Ab", {"scheme": "embedded", "path": "Jobs/a:b"}, "embedded://Jobs/a%3Ab"),
]  # fmt: skip

MALFORMED = [
    *("", "redis", "redis:", "redis:/", "redis:/h", "redis:h", "://h", "//h", "h:6379", "/r.sock"),
    *(" redis://h", "red is://h", "redis ://h", "redis\n://h", "rédis://h", "user@redis://h"),
    *("http://h", "https://h", "tcp://h", "file:///x", "reddis://h", "rediss+x://h", "postgres://h"),
    *("redis://h:x", "redis://h:-1", "redis://h:0", "redis://h:65536", "redis://h:1:2", "redis://h:٣"),
    *("redis://[::1", "redis://::1", "redis://[x]", "redis://[::1]7", "redis://x[::1]", "redis://[]"),
    *("redis://a..b", "redis://.", "redis://a b", "redis://h\t", "redis://" + "x" * 64),
    *("redis://h%20h", "redis://h%00", "redis://h/x?db=1"),
    *("redis://u%3Ap%40h", "redis://u%40h", "redis://h%2Fx", "redis://h\\x", "redis://h℀"),
    *("redis://h/x", "redis://h/-1", "redis://h/1/2", "redis://h/1.5", "redis://h/ 1", "redis://h/٣"),
    *("redis://h/" + "9" * 10, "redis://h?db=x", "redis://h?db=1x", "unix:///r?db=-1"),
    *("redis://h#f", "redis://h/0#f", "redis://h?x=1", "redis://h?db", "redis://h?=", "redis://h?&"),
    *("redis://h?Password=p", "redis://h?timeout=5", "redis://h?ssl=true"),
    *("redis://h?cacert=/x", "redis://h?insecure=1", "unix:///r?cert=/x", "redis://h?ssl_keyfile=/x"),
    *("unix://", "unix:///", "unix://r", "unix://run/r.sock", "unix://./r", "unix://:1/r", "unix://:/r"),
    *("unix:///a%00b", "unix://u:p@r/x", "embedded:///a%00b", "embedded://bob:p@/x", "embedded://h:1"),
    *("embedded://@/x", "embedded://?password=p", "embedded://?username=u", "embedded:///x#y"),
    *("redis://:%ff@h", "redis://%ff:p@h", "redis://h?password=%ff", "redis://:\udcff@h"),
    *("redis://h\0", "redis://:p\tp@h", "redis://h\n", "redis://h\x7f", "unix:///a\x1bb"),
]  # fmt: skip

# Where people put a password, rightly and wrongly: {} is it.
PLACES = [
    *("redis://:{}@h:6379/0", "redis://u:{}@h", "redis://{}@h", "redis://u:{}@", "redis://u:{}@h:port"),
    *("redis://u:{}@h:99999", "redis://u:{}@h:0", "redis://u:{}@h/db", "redis://u:{}@h/0?x=1"),
    *("redis://u:{}@[::1", "redis://u:{}@h/0#f", "redis:/u:{}@h", "redis:u:{}@h", "redis//u:{}@h"),
    *("u:{}@h:6379", "{}@h", "{}", ":{}@h", "{}://h", "u:{}@redis://h", "http://u:{}@h", "reddis://u:{}@h"),
    *("redis+sentinel://u:{}@h", "redis://h/{}", "redis://h/0/{}", "redis://h:{}"),
    *("redis://u: {}@h", "redis://h?{}", "redis://h?{}=1", "redis://h?pasword={}", "redis://h?db={}"),
    *("redis://h#{}", "redis://h?password={}&db=x", "redis://h/0?password={}", "redis://h?username={}"),
    *("redis://h?user={}&db=x", "redis://h?auth={}&db=x", "redis://h?family={}", "redis://h?socket_timeout={}"),
    *("rediss://h?ssl_cert_reqs={}", "redis://:p?{}=w@h"),
    *("redis://u:{}@a..b", "redis://u:{}@h\n", "redis://u%3A{}%40h", "redis://{}%40h"),
    *("redis://u:{}@h?cacert=/x", "rediss://u:{}@h?insecur=1", "rediss://:{}@h?cacert=/x&cert=/y"),
    *("unix://u:{}@/run/x", "unix://u:{}@run/x", "unix://u:{}@", "unix:///run/x?password={}"),
    *("unix:///run/x?pasword={}", "unix:///run/x?db={}", "unix://:{}/x", "unix://{}/x", "unix://{}@/x"),
    *("embedded://u:{}@/x", "embedded:///x?password={}", "embedded:///x?db={}"),
]  # fmt: skip
SEPARATORS = ["", *"/@#?&=+% \\[];,!$é\t\n\0", "%40", "%2F", "%00", "%ff", "://"]
HALVES = st.from_regex("[A-Z][A-Z0-9]{5,8}", fullmatch=True)


def secretly(url):
    """Parse, and return all that could be shown of it, wherever it went."""
    try:
        target = Target.parse(url)
    except BadUrl as error:
        shown = "".join(traceback.format_exception(error))
        return f"{error} {error.message} {error.hint} {error!r} {shown}"
    return f"{target} {target!r}"


@pytest.mark.parametrize(("url", "fields", "shown"), FORMS)
def test_a_url_of_every_form_is_read_and_shown_and_that_reads_back(url, fields, shown):
    target = Target.parse(url)
    login = {"username": target.username, "password": target.password}
    assert target == Target(**{"scheme": "redis", **fields, **login})
    assert str(target) == shown
    plain = replace(target, username=None, password=None)
    assert replace(Target.parse(shown), username=None, password=None) == plain


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("redis://h", None, None), ("redis://:@h", None, None), ("redis://:p@h", None, "p"),
        ("redis://bob:p@h", "bob", "p"), ("redis://bob@h", "bob", None),
        ("redis://b%3Ab:p%2Fq%40r%25@h", "b:b", "p/q@r%"), ("redis://b:p:q@h", "b", "p:q"),
        ("redis://b:p@q@h", "b", "p@q"), ("redis://b:p%C3%A9%20@h", "b", "pé "),
        ("redis://b:pé+@h", "b", "pé+"), ("redis://h?username=bob&password=p%26+q", "bob", "p& q"),
        ("redis://x:y@h?password=p", "x", "p"), ("redis://h?user=bob&pass=p", "bob", "p"),
        ("redis://h?auth=p&database=1", None, "p"), ("rediss://bob:p@h", "bob", "p"),
        ("unix://bob:p@/r", "bob", "p"), ("unix:///r?password=p", None, "p"),
    ],
)  # fmt: skip
def test_user_and_password_come_from_where_people_write_them(url, username, password):
    target = Target.parse(url)
    assert (target.username, target.password) == (username, password)


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("", Tls()),
        ("cacert=/ca.pem", Tls(cacert="/ca.pem")),
        ("cacert=%2Fa%20b&cert=c&key=k&insecure=1", Tls("/a b", "c", "k", insecure=True)),
        ("ssl_ca_certs=ca&ssl_certfile=c&ssl_keyfile=k", Tls("ca", "c", "k")),
        ("ssl_cert_reqs=none", Tls(insecure=True)),
        ("ssl_cert_reqs=CERT_NONE", Tls(insecure=True)),
        ("ssl_cert_reqs=required", Tls()),
        ("ssl_cert_reqs=CERT_OPTIONAL", Tls()),
        ("insecure=1&ssl_cert_reqs=required", Tls(insecure=True)),
        ("skip_verify=true", Tls(insecure=True)),
        ("ssl_check_hostname=False", Tls(any_host=True)),
        ("verifyPeer=CA", Tls(any_host=True)),
        ("verifyPeer=FULL", Tls()),
        ("insecure=TRUE", Tls(insecure=True)),
        ("insecure=0", Tls()),
        ("cacert=", Tls()),
    ],
)
def test_tls_parameters_are_read_in_redis_clis_and_redis_pys_names(query, tls):
    assert Target.parse(f"rediss://h?{query}").tls == tls


def test_tls_flags_are_laid_over_those_of_the_url():
    target = Target.parse("rediss://h?cacert=url&key=url")
    assert with_tls(target, Tls(cacert="flag", cert="flag")).tls == Tls("flag", "flag", "url")
    assert with_tls(target, Tls()) is target
    assert with_tls(target, Tls(insecure=True)).tls.insecure
    assert with_tls(Target.parse("rediss://h?insecure=1"), Tls(cert="flag")).tls.insecure


@pytest.mark.parametrize("url", ["redis://:hunter2@h", "unix://:hunter2@/r", "embedded://"])
def test_tls_flags_need_a_url_that_speaks_tls(url):
    with pytest.raises(BadUrl, match="TLS options need a rediss:// URL") as error:
        with_tls(Target.parse(url), Tls(insecure=True))
    assert "hunter2" not in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_a_usage_error_with_a_hint(url):
    with pytest.raises(BadUrl, match=r"^malformed URL: ") as error:
        Target.parse(url)
    assert error.value.code is Exit.USAGE
    assert error.value.hint
    assert "\n" not in f"{error.value}{error.value.hint}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("10.0.0.7:6379", "the URL has no scheme"),
        ("http://h", "its scheme is not a scheme jobctl speaks"),
        ("redis://h:x", "the port or host of the URL is not valid"),
        ("redis://h/x", "its database is not a number"),
        ("redis://h#f", "the URL has a '#' in it"),
        ("redis://h?db", "its parameters are not name=value"),
        ("redis://h?x=1", "a parameter jobctl does not know"),
        ("redis://h?cacert=/x", "TLS parameters need a rediss:// URL"),
        ("redis://h\n", "there is a control character in it"),
        ("redis://:%ff@h", "its user or password is not UTF-8"),
        ("unix://r.sock", "a unix URL names an absolute path: unix:///run/redis.sock"),
        ("redis://h?family=5", "its family is neither 4 nor 6"),
        ("redis://h?socket_timeout=soon", "its socket_timeout is not a number"),
        ("rediss://h?ssl_cert_reqs=bogus", "ssl_cert_reqs has a value jobctl does not know"),
        ("rediss://h?ssl_ciphers=ALL", "a parameter jobctl does not know: ssl_ciphers"),
        ("redis://h?keyPrefix=app", "a parameter jobctl does not know: keyPrefix"),
        ("redis://h?ass=w@h", "a parameter jobctl does not know"),
        ("unix:///a%00b", "no path has a NUL in it"),
        ("embedded://:p@", "an embedded server has no user, password or port"),
    ],
)
def test_an_error_names_what_is_wrong(url, problem):
    with pytest.raises(BadUrl) as error:
        Target.parse(url)
    assert str(error.value) == f"malformed URL: {problem}"


@pytest.mark.parametrize(
    ("scheme", "own"),
    [
        ("redis+sentinel", "redis://"),
        ("redis+cluster", "redis://"),
        ("valkey+sentinel", "redis://"),
        ("rediss+sentinel", "rediss://"),
        ("valkeys+cluster", "rediss://"),
    ],
)
def test_schemes_to_come_are_known(scheme, own):
    with pytest.raises(BadUrl, match="is not spoken yet") as error:
        Target.parse(f"{scheme.upper()}://h:26379/0")
    assert str(error.value) == f"{scheme}:// is not spoken yet"
    assert error.value.hint.startswith(f"name the server itself: {own}")


@pytest.mark.parametrize(
    "scheme", ["redisss", "reddiss", "valkeyss", "rediss+x", "redis+tls", "https"]
)
def test_a_scheme_of_tls_is_told_no_other_than_one_of_tls(scheme):
    with pytest.raises(BadUrl) as error:
        Target.parse(f"{scheme}://h")
    assert "redis://" not in error.value.hint
    assert "rediss://" in error.value.hint or "valkeys://" in error.value.hint


@pytest.mark.parametrize(
    ("query", "family", "connect", "reply"),
    [
        ("", 0, None, None), ("family=0", 0, None, None), ("family=6", 6, None, None),
        ("family=IPv4", 4, None, None),
        ("socket_connect_timeout=2.5&socket_timeout=5", 0, 2.5, 5.0),
        ("connectTimeout=10000&commandTimeout=500", 0, 10.0, 0.5),
        ("dial_timeout=5s&read_timeout=300ms", 0, 5.0, 0.3),
        ("socket_timeout=None&read_timeout=-1", 0, None, None), ("socket_timeout=0", 0, None, None),
    ],
)  # fmt: skip
def test_parameters_of_other_clients_are_obeyed_where_they_mean_something(
    query, family, connect, reply
):
    target = Target.parse(f"redis://h?{query}")
    assert (target.family, target.connect_timeout, target.reply_timeout) == (family, connect, reply)


def test_parameters_that_steer_another_client_alone_have_no_effect():
    for name in IGNORED:
        assert Target.parse(f"redis://h/1?{name}=true&db=2") == Target("redis", "h", db=2), name


@pytest.mark.parametrize(
    ("url", "near"),
    [("reddis://h", "redis://"), ("unixs://h", "unix://"), ("redis://h?pasword=p", "password")],
)
def test_a_mistyped_scheme_or_parameter_is_told_the_near_name(url, near):
    with pytest.raises(BadUrl) as error:
        Target.parse(url)
    assert error.value.hint == f"did you mean {near}?"


@settings(max_examples=5, deadline=None)
@pytest.mark.parametrize("place", PLACES)
@given(halves=st.tuples(HALVES, HALVES))
def test_no_part_of_a_password_is_ever_shown_wherever_it_stands(place, halves):
    for separator in SEPARATORS:
        if separator == "@" and "@" not in place:
            continue  # redis://h:pass@word is a URL, whose host is word
        said = secretly(place.format(separator.join(halves))).upper()
        assert halves[0] not in said
        assert halves[1] not in said


@pytest.mark.parametrize(
    "url",
    ["redis://u:{}@h", "redis://{}@h", "unix://:{}@/x", "embedded://:{}@/x", "redis://u:{}@h?db=1"],
)
def test_a_password_that_reads_as_a_port_and_a_path_is_not_shown_either(url):
    said = secretly(url.format("60123/98765"))
    assert "60123" not in said
    assert "98765" not in said


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
    address = with_tls(Address.parse("tcp+tls://host?cacert=/theirs.pem&insecure=1"), flags)
    assert address.tls == Tls(cacert="/mine.pem", insecure=True)
    plain = Address.parse("tcp://host")
    assert with_tls(plain, Tls()) is plain
    with pytest.raises(BadUrl, match=r"need a tcp\+tls:// URL"):
        with_tls(plain, flags)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_an_address_or_malformed(text: str) -> None:
    for url in (text, f"tcp://{text}", f"tcp+tls://:{text}@host"):
        try:
            address = Address.parse(url)
        except BadUrl:
            continue
        assert Address.parse(str(address).replace(":***@", "@").replace("***@", "")).host
