"""The key of a unique job's lock, to the byte, and which jobs survive the server's encoding."""

import json
from hashlib import sha256

import pytest

from jobctl.model.jsontext import loads
from jobctl.model.operation import Lock
from jobctl.systems.faktory.go_json import go_json, lock_key, survives_recoding
from tests.builders import failed, job


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0"), ("-0.0", "-0"), ("1.0", "1"), ("1.50", "1.5"), ("-12", "-12"),
        ("1E2", "100"), ("0.1", "0.1"), ("123456789.123", "123456789.123"),
        ("9007199254740993", "9007199254740992"), ("12345678901234567890", "12345678901234567000"),
        ("100000000000000000000", "100000000000000000000"), ("1e20", "100000000000000000000"),
        ("999999999999999900000", "999999999999999900000"),
        ("1000000000000000000000", "1e+21"), ("1e21", "1e+21"), ("-1.5e300", "-1.5e+300"),
        ("1e-6", "0.000001"), ("0.0000015", "0.0000015"), ("1e-7", "1e-7"),
        ("0.00000099", "9.9e-7"), ("1.5e-10", "1.5e-10"), ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"), ("1e-400", "0"),
    ],
)  # fmt: skip
def test_numbers_are_64_bit_floats(text, written):
    assert go_json(loads(text.encode())) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"a<b>&c"', r'"a\u003cb\u003e\u0026c"'),
        (r'"\u2028\u2029"', r'"\u2028\u2029"'),
        (r'"\"\\\/\b\f\n\r\t"', r'"\"\\/\b\f\n\r\t"'),
        (r'"\u0000\u001f\u007f"', '"\\u0000\\u001f\x7f"'),
        (r'"\u00e9\ud83d\ude00 "', '"\u00e9\U0001f600 "'),
        (r'"\ud800x\udc00"', '"\ufffdx\ufffd"'),  # halves of characters
        ("true", "true"),
        ("null", "null"),
        ("[]", "[]"),
        ("{}", "{}"),
        (' [ 1 , [ ] , { "b" : 2 , "a" : [ "x" ] } ] ', '[1,[],{"a":["x"],"b":2}]'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        (r'{"\uffff":1,"\ud83d\ude00":2,"Z":3,"a":4,"":5}',
         '{"":5,"Z":3,"a":4,"\uffff":1,"\U0001f600":2}'),
        ('{"<":1}', r'{"\u003c":1}'),
    ],
)  # fmt: skip
def test_the_rest_is_written_without_blanks_and_escaped_for_html(text, written):
    assert go_json(loads(text.encode())) == written


def test_nesting_has_no_end():
    text = "[" * 5000 + "]" * 5000
    value: object = []
    for _ in range(4999):
        value = [value]
    assert go_json(value) == text


def key_of(**fields):
    payload = {
        "jid": "x", "queue": "default", "jobtype": "Sync", "args": [1, {"b": "é", "a": 2.0}],
        "custom": {"unique_for": 60},
    } | fields  # fmt: skip
    return lock_key(json.dumps(payload).encode())


def test_the_key_is_the_hash_of_queue_type_and_args():
    text = 'default-Sync-[1,{"a":2,"b":"é"}]'
    assert key_of() == sha256(text.encode()).hexdigest()
    assert key_of(queue=None) == key_of()
    assert key_of(queue="q") != key_of()
    assert key_of(args=[]) == sha256(b"default-Sync-[]").hexdigest()


@pytest.mark.parametrize("custom", [None, {}, {"unique_for": None}, "x", []])
def test_a_job_that_is_not_unique_has_none(custom):
    assert key_of(custom=custom) is None


@pytest.mark.parametrize(("args", "written"), [("[-0]", "[-0]"), ("[1e400]", None)])
def test_odd_numbers_are_read_as_go_reads_them(args, written):
    raw = b'{"queue":"q","jobtype":"T","args":%b,"custom":{"unique_for":1}}' % args.encode()
    expected = written and sha256(f"q-T-{written}".encode()).hexdigest()
    assert lock_key(raw) == expected


def test_a_job_that_is_nested_deeper_than_python_goes_has_its_lock():
    args = "[" * 900 + "]" * 900
    raw = b'{"queue":"q","jobtype":"T","args":%b,"custom":{"unique_for":1}}' % args.encode()
    assert lock_key(raw) == sha256(f"q-T-{args}".encode()).hexdigest()


@pytest.mark.parametrize("expires_at", [None, 1796000123.456])
def test_a_lock_is_noted_and_read_again(expires_at):
    lock = Lock("abc", b"\xffjid", expires_at)
    assert Lock.read(json.loads(json.dumps(lock.document()))) == lock


@pytest.mark.parametrize(
    "raw",
    [
        job(),
        failed(failure={"backtrace": ["a.rb:1", "b.rb:2"]}),
        job(args=[1.5, -7, 2**53, "é\u2028<>", [{"deep": {"a": None}}]], custom={"track": 1}),
        job(retry=-1, reserve_for=60, at="2026-09-21T14:00:00Z", backtrace=5),
        b'{ "jid" : "jid-00000001", "args":[1.10, 1e3, -0.5] }',
    ],
    ids=repr,
)
def test_what_is_kept(raw):
    assert survives_recoding(raw)


@pytest.mark.parametrize(
    "raw",
    [
        job(args=[2**53 + 1]), job(args=[{"id": -(2**53) - 1}]), job(args=[10**400]),
        b'{"jid":"jid-00000001","args":[0.12345678901234567890]}',
        b'{"jid":"jid-00000001","args":[1e999]}', b'{"jid":"jid-00000001","args":[NaN]}',
        b'{"jid":"jid-00000001","jid":"jid-00000002","args":[]}',
        b'{"jid":"jid-00000001","args":[{"a":1,"a":2}]}',
        b'{"jid":"jid-00000001","args":["\\ud800"]}', b'{"jid":"jid-00000001","args":["\xff"]}',
        b'{"jid":"jid-00000001","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        job(tenant="an unknown key"), job(JID="the same to Go"), job(retry="25"), job(retry=True),
        b'{"jid":"jid-00000001","args":[],"retry":25.0}', job(args={"a": 1}), job(failure=[1]),
        failed(failure={"backtrace": [1]}), failed(failure={"class": "Other"}), job(jid=""), b"[]",
        b"no JSON", b"",
    ],
    ids=lambda raw: repr(raw[:60]),
)  # fmt: skip
def test_what_is_not(raw):
    assert not survives_recoding(raw)
