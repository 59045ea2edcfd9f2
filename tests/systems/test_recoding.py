"""Which jobs a Faktory server keeps as they are when it encodes them anew."""

import pytest

from jobctl.systems.faktory.recoding import survives_recoding
from tests.builders import failed, job


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
        job(args=[2**53 + 1]),
        job(args=[{"id": -(2**53) - 1}]),
        job(args=[10**400]),
        b'{"jid":"jid-00000001","args":[0.12345678901234567890]}',
        b'{"jid":"jid-00000001","args":[1e999]}',
        b'{"jid":"jid-00000001","args":[NaN]}',
        b'{"jid":"jid-00000001","jid":"jid-00000002","args":[]}',
        b'{"jid":"jid-00000001","args":[{"a":1,"a":2}]}',
        b'{"jid":"jid-00000001","args":["\\ud800"]}',
        b'{"jid":"jid-00000001","args":["\xff"]}',
        b'{"jid":"jid-00000001","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        job(tenant="an unknown key"),
        job(JID="the same to Go"),
        job(retry="25"),
        job(retry=True),
        b'{"jid":"jid-00000001","args":[],"retry":25.0}',
        job(args={"a": 1}),
        job(failure=[1]),
        failed(failure={"backtrace": [1]}),
        failed(failure={"class": "Other"}),
        job(jid=""),
        b"[]",
        b"no JSON",
        b"",
    ],
    ids=lambda raw: repr(raw[:60]),
)
def test_what_is_not(raw):
    assert not survives_recoding(raw)
