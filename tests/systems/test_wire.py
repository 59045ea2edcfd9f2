"""The way to a Faktory server: whatever answers there, or does not, has its two lines."""

from __future__ import annotations

import _thread
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    NotFaktory,
    RefusedByFaktory,
    Unreachable,
    WrongPassword,
)
from jobctl.model.target import Address
from jobctl.systems.faktory import wire
from jobctl.systems.faktory.server import Faktory, password_hash
from tests.redis import doubles
from tests.systems.double import FaktoryDouble

PASSWORD = "correct-horse-battery"
HI = b'+HI {"v":2}\r\n'
OK = b"+OK\r\n"
REDIS_SAYS = b"-ERR unknown command 'HELLO'\r\n"


def reach(port: int, password: str | None = PASSWORD, timeout: float = 0.3) -> Faktory:
    address = Address("tcp", "127.0.0.1", port, password=password)
    return Faktory(address, connect_timeout=timeout)


def saying(*lines: bytes, stays: bool = True) -> doubles.Handle:
    """Say the first line at once, each other one when something was heard, and then be silent."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(lines[0])
        for line in lines[1:]:
            if not connection.recv(4096):
                return
            connection.sendall(line)
        while stays and connection.recv(4096):
            pass

    return handle


@contextlib.contextmanager
def told_by(handle: doubles.Handle, password: str | None = PASSWORD) -> Iterator[Faktory]:
    with doubles.serving(handle) as port, reach(port, password) as faktory:
        yield faktory


@pytest.mark.parametrize(
    ("handle", "kind", "message", "hint"),
    [
        pytest.param(handle, kind, message, hint, id=name)
        for name, handle, kind, message, hint in (
            ("silence", doubles.greeting(b""), ConnectionLost,
             "no answer from {} within 0.3 s", "if it speaks TLS, write tcp+tls://"),
            ("half a greeting", doubles.greeting(b'+HI {"v":2'), ConnectionLost,
             "no answer from {} within 0.3 s", "is this a Faktory server"),
            ("half a greeting, and closed", saying(b'+HI {"v":', stays=False), ConnectionLost,
             "{} closed the connection", "no Faktory server (TLS needs tcp+tls://)?"),
            ("closes at once", doubles.hanging_up, ConnectionLost,
             "{} closed the connection", "did the server stop"),
            ("greets and closes", saying(HI, stays=False), ConnectionLost,
             "{} closed the connection", "did the server stop"),
            ("hears HELLO and closes", saying(HI, b"", stays=False), ConnectionLost,
             "{} closed the connection", "did the server stop"),
            ("hears HELLO and is silent", saying(HI, b""), ConnectionLost,
             "no answer from {} within 0.3 s", "is this a Faktory server"),
            ("half an OK", saying(HI, b"+O"), ConnectionLost,
             "no answer from {} within 0.3 s", "is this a Faktory server"),
            ("an error at greeting", saying(b"-ERR too many connections\r\n"), RefusedByFaktory,
             "{} refused to talk: too many connections", None),
            ("an error at HELLO", saying(HI, b"-ERR go away\r\n"), RefusedByFaktory,
             "{} refused to log in: go away", None),
            ("wrong password", saying(HI, b"-ERR Invalid password\r\n"), WrongPassword,
             "{} refused the password", "check the one in the URL"),
            ("another answer to HELLO", saying(HI, b"+NO\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port (7419"),
            ("nothing for HELLO", saying(HI, b"$-1\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("http", doubles.greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "7420 its web page"),
            ("ssh", doubles.greeting(b"SSH-2.0-OpenSSH_9.2p1\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("a Redis' pong", doubles.greeting(b"+PONG\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("a Redis' error", doubles.greeting(REDIS_SAYS), RefusedByFaktory,
             "{} refused to talk: unknown command 'HELLO'", None),
            ("an array", doubles.greeting(b"*4294967295\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("a number", doubles.greeting(b":42\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("HI without JSON", doubles.greeting(b"+HI there\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("HI with an array", doubles.greeting(b"+HI [2]\r\n"), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
            ("version 1", doubles.greeting(b'+HI {"v":1}\r\n'), NotFaktory,
             "{} speaks version 1 of Faktory's protocol, jobctl speaks 2", None),
            ("version text", doubles.greeting(b'+HI {"v":"\\u001b[2J"}\r\n'), NotFaktory,
             "{} speaks another version of Faktory's protocol, jobctl speaks 2", None),
            ("no version", doubles.greeting(b"+HI {}\r\n"), NotFaktory,
             "{} speaks another version of Faktory's protocol, jobctl speaks 2", None),
            ("absurd rounds", doubles.greeting(b'+HI {"v":2,"i":999999999999,"s":"x"}\r\n'),
             NotFaktory, "{} wants a password hashed beyond all bounds", None),
            ("rounds of many digits",
             doubles.greeting(b'+HI {"v":2,"i":%b,"s":"x"}\r\n' % (b"9" * 50)),
             NotFaktory, "{} wants a password hashed beyond all bounds", None),
            ("rounds as text", doubles.greeting(b'+HI {"v":2,"i":"4","s":"x"}\r\n'), NotFaktory,
             "{} wants a password hashed beyond all bounds", None),
            ("half a character of salt", doubles.greeting(b'+HI {"v":2,"i":4,"s":"\\ud800"}\r\n'),
             NotFaktory, "what answers at {} is not a Faktory server", "check the port"),
            ("a greeting without end", doubles.greeting(b"+HI " + b"x" * 300_000), NotFaktory,
             "what answers at {} is not a Faktory server", "check the port"),
        )
    ],
)  # fmt: skip
def test_what_answers_decides_what_is_said(handle, kind, message: str, hint: str | None) -> None:
    began = time.monotonic()
    with told_by(handle) as faktory, pytest.raises(JobctlError) as caught:
        faktory.info()
    assert time.monotonic() - began < 3
    error = caught.value
    assert type(error) is kind
    assert error.message == message.format(faktory.address)
    assert hint is None or hint in (error.hint or "")
    for text in (repr(faktory.address), str(faktory.address), str(error), str(error.hint)):
        assert PASSWORD not in text


def test_a_greeting_that_comes_letter_by_letter_is_late_all_the_same() -> None:
    def dripping(connection: socket.socket) -> None:
        for letter in b"+HI " + b" " * 100:
            connection.sendall(bytes([letter]))
            time.sleep(0.05)

    began = time.monotonic()
    with told_by(dripping) as faktory, pytest.raises(ConnectionLost, match=r"within 0\.3 s"):
        faktory.open()
    assert time.monotonic() - began < 2


def test_a_real_redis_is_no_faktory_server_and_does_not_keep_us_waiting(server) -> None:
    with doubles.serving(doubles.proxy(server.socket)) as port, reach(port) as faktory:
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match=r"no answer from .* within 0\.3 s"):
            faktory.info()
        assert time.monotonic() - began < 2


def test_a_port_where_nobody_listens_and_a_host_without_an_address_differ(monkeypatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with (
            pytest.raises(Unreachable, match="connection refused by") as caught,
            reach(held.getsockname()[1]) as faktory,
        ):
            faktory.open()
    assert caught.value.hint == "is the Faktory server running there?"

    def nobody(*args: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(Unreachable, match="cannot be resolved"):
        reach(1).open()


def test_the_password_is_proven_as_the_server_wants_it(server, raw: redis.Redis) -> None:
    for password in (PASSWORD, "päss wörd/?#%"):
        with FaktoryDouble(server.socket, password=password) as double:
            for rounds in (0, 1, 2, 4001):
                double.rounds = rounds
                with reach(double.port, password) as faktory:
                    assert faktory.info().version == "1.10.0"
            with (
                reach(double.port, "wrong") as faktory,
                pytest.raises(WrongPassword, match="refused the password"),
            ):
                faktory.open()
            with (
                reach(double.port, None) as faktory,
                pytest.raises(WrongPassword, match="wants a password") as caught,
            ):
                faktory.open()
            assert caught.value.hint == "put it in the URL: tcp://:PASSWORD@.."
            assert not any(password in line for line in double.commands)


def test_a_password_that_the_server_does_not_want_is_not_sent(faktory: FaktoryDouble) -> None:
    with reach(faktory.port) as client:
        client.open()
    assert faktory.commands[0] == 'HELLO {"v":2}'


def test_a_user_is_told_to_the_proxies_on_the_way(faktory: FaktoryDouble) -> None:
    url = faktory.url.replace("tcp://", "tcp://zoë:secret@")
    with Faktory(Address.parse(url), connect_timeout=1) as client:
        client.open()
    assert faktory.commands[0] == 'HELLO {"v":2,"username":"zoë"}'


def test_neither_a_trace_nor_an_error_shows_the_password_or_its_hash(server, raw) -> None:
    lines: list[str] = []

    def echo(connection: socket.socket) -> None:
        connection.sendall(b'+HI {"v":2,"i":3,"s":"salt"}\r\n')
        connection.sendall(b"-ERR \x1b[2J what is " + connection.recv(4096).strip() + b"\r\n")

    with doubles.serving(echo) as port:
        address = Address("tcp", "127.0.0.1", port, password=PASSWORD)
        with (
            Faktory(address, connect_timeout=1, trace=lines.append) as faktory,
            pytest.raises(RefusedByFaktory) as caught,
        ):
            faktory.open()
    assert lines[0].startswith("< 27 bytes after ")
    assert lines[1] == "> HELLO .."
    assert lines[2].startswith("< an error after ")
    said = [*lines, str(caught.value), repr(faktory.address), repr(faktory)]
    hashed = password_hash(PASSWORD, "salt", 3)
    assert not [text for text in said if PASSWORD in text or hashed in text]
    assert 'pwdhash":".."' in str(caught.value)


def test_a_hash_of_one_round_and_of_more_is_what_faktory_calls_so() -> None:
    assert password_hash("foo", "bar", 1) == (
        "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"
    )
    assert password_hash("foo", "bar", 0) == password_hash("foo", "bar", 1)
    assert password_hash("foo", "bar", 2) != password_hash("foo", "bar", 1)


def test_answers_split_into_single_bytes_are_read(faktory: FaktoryDouble) -> None:
    def slow(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(("127.0.0.1", faktory.port)) as inner:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while said := inner.recv(4096):
                        for i in range(len(said)):
                            connection.sendall(said[i : i + 1])

            thread = threading.Thread(target=back)
            thread.start()
            while said := connection.recv(4096):
                inner.sendall(said)
            inner.shutdown(socket.SHUT_RDWR)
            thread.join()

    with doubles.serving(slow) as port, reach(port, timeout=5) as client:
        assert client.info().version == "1.10.0"
        client.pause(["default"])
        assert client.acknowledge(["jid-00000001"] * 3) == [None] * 3


def test_what_was_read_of_half_an_answer_is_not_there_after_connecting_anew(faktory) -> None:
    with reach(faktory.port) as client:
        client.open()
        faktory.answer("INFO", b'$10\r\n{"serv', times=1)
        faktory.hang_up("QUEUE", times=1)
        faktory.answer("ACK", b"$7\r\n{}", times=1)
        client._wire._timeout = 0.2
        with pytest.raises(ConnectionLost, match=r"no answer .* within 0\.2 s") as caught:
            client.info()
        assert "is the server well?" in (caught.value.hint or "")
        assert client.info().version == "1.10.0"
        with pytest.raises(ConnectionLost, match="closed the connection"):
            client.pause(["default"])
        client.pause(["default"])
        client._wire._timeout = 0.2
        with pytest.raises(ConnectionLost):
            client.acknowledge(["x"])
        assert client.acknowledge(["x"]) == [None]
        assert sum(line.startswith("HELLO") for line in faktory.commands) == 4


def test_a_server_that_stalls_at_the_second_greeting_is_not_given_a_minute(faktory) -> None:
    with reach(faktory.port) as client:
        client.open()
        faktory.restart()
        with pytest.raises(ConnectionLost):
            client.info()
        faktory.greeting = b""
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match=r"within 0\.3 s"):
            client.info()
        assert time.monotonic() - began < 2


def test_ctrl_c_while_an_answer_is_awaited_lets_the_next_command_connect_anew(faktory) -> None:
    with reach(faktory.port) as client:
        client.pause(["default"])

        def interrupt(line: str) -> None:
            _thread.interrupt_main()
            time.sleep(0.2)

        faktory.before("QUEUE RESUME", interrupt, times=1)
        with pytest.raises(KeyboardInterrupt):
            client.resume(["default"])
        client.resume(["default"])


def test_a_busy_server_has_more_time_than_the_connect_timeout(faktory: FaktoryDouble) -> None:
    faktory.before("INFO", lambda line: time.sleep(0.7))
    with reach(faktory.port) as client:
        assert client.info().version == "1.10.0"


def test_neither_end_waits_for_the_other_to_read_however_many_commands(faktory) -> None:
    count = 20_000
    with reach(faktory.port, timeout=5) as client:
        assert client.acknowledge([f"jid-{i:08}" for i in range(count)]) == [None] * count
    assert sum(line.startswith("ACK ") for line in faktory.commands) == count


def test_a_reason_that_comes_before_the_end_is_told(faktory: FaktoryDouble) -> None:
    def leaving(connection: socket.socket) -> None:
        connection.sendall(HI)
        connection.recv(4096)
        connection.sendall(OK)
        connection.recv(4096)
        connection.sendall(b"-ERR shutdown in progress\r\n")

    with told_by(leaving) as client, pytest.raises(RefusedByFaktory, match="shutdown in progress"):
        client.acknowledge(["jid-00000001", "jid-00000002"])


def test_an_error_of_a_megabyte_is_cut(faktory: FaktoryDouble) -> None:
    faktory.answer("INFO", b"-ERR " + b"x" * 1_000_000 + b"\r\n")
    with reach(faktory.port) as client, pytest.raises(RefusedByFaktory) as caught:
        client.info()
    assert len(str(caught.value)) < 300


def test_an_answer_without_end_is_refused(faktory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_LARGEST", 1_000_000)
    faktory.answer("INFO", b"$900000000\r\n" + b"x" * 2_000_000)
    with reach(faktory.port) as client, pytest.raises(NotFaktory):
        client.info()


BYTES = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet='+-:$*%~>|_#,(=!HIOK{}"v2 \\0123456789\r\n', max_size=80).map(str.encode),
    st.sampled_from(
        [HI, OK, b"$-1\r\n", b"*-1\r\n", b"*2\r\n+OK\r\n:1\r\n", b"%1\r\n*0\r\n:1\r\n"]
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BYTES, max_size=4), st.booleans())
def test_whatever_a_server_says_nothing_but_our_own_errors_comes_of_it(said, greets) -> None:
    def babbling(connection: socket.socket) -> None:
        connection.settimeout(1)
        if greets:
            connection.sendall(HI)
            connection.recv(4096)
            connection.sendall(OK)
        for part in said:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while connection.recv(4096):
                pass

    with doubles.serving(babbling) as port:
        for ask in (Faktory.info, lambda f: f.pause(["a"]), lambda f: f.latency(["a"]),
                    lambda f: f.acknowledge(["a", "b"])):  # fmt: skip
            with reach(port) as faktory, contextlib.suppress(JobctlError):
                ask(faktory)
