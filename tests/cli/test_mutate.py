"""MUTATE documents, done."""

import json

import pytest

from tests.builders import NOW, enqueue, failed, job, retry
from tests.systems.test_mutation import BOB


@pytest.fixture
def shop(raw, noon):
    members = [
        failed("123456789", jobtype="QuickbooksSyncJob"),
        failed("abcdefgh", jobtype="Other"),
        failed("jid-00000003", jobtype="QuickbooksSyncJob", args=["123456789"]),
        json.dumps({"jid": "jid-00000004", "jobtype": "Hello", "args": ["bob", 1]},
                   separators=(",", ":")).encode(),
    ]  # fmt: skip
    retry(raw, *members)
    raw.zadd("scheduled", {job("later-000001", jobtype="QuickbooksSyncJob"): NOW + 5})
    enqueue(raw, "default", job("queued-00001"))
    return members


def test_a_pasted_command_line_will_do(shop, raw, report, jobctl):
    text = '{"cmd":"discard","target":"scheduled","filter":{"jobtype":"QuickbooksSyncJob"}}'
    for argv in ((f"MUTATE {text}",), ("MUTATE", text)):
        ran = jobctl("mutate", *argv, "-n", "-o", "json")
        assert json.loads(ran.out)["matched"] == 1, ran
    assert report("mutate", "-", "--yes", stdin=f" MUTATE {text}\r\n")["done"] == 1


@pytest.mark.parametrize(
    "text",
    ['{"cmd":"discard","target":"retries","filter":{"regexp":"*"}}',
     '{"cmd":"discard","target":"retries"}'],
)  # fmt: skip
def test_everything_is_meant_where_that_is_said(shop, raw, report, text):
    assert report("mutate", text, "--yes")["done"] == 4
    assert raw.zcard("retries") == 0


def test_type_and_jids_must_both_hold(shop, raw, report):
    text = (
        '{"cmd":"kill","target":"retries",'
        '"filter":{"jobtype":"QuickbooksSyncJob","jids":["123456789","abcdefgh"]}}'
    )
    assert report("mutate", text, "--yes")["done"] == 1
    assert raw.zrange("dead", 0, -1) == [shop[0]]


def test_bob_is_found(shop, raw, report):
    assert report("mutate", "-", "--yes", stdin=BOB)["done"] == 1
    assert json.loads(raw.lindex("q:default", 0))["args"] == ["bob", 1]


def test_it_has_the_same_guards(shop, raw, jobctl):
    text = '{"cmd":"discard","target":"retries"}'
    assert jobctl("mutate", text).code == 7
    assert jobctl("mutate", text, "--yes", "--max", "3").code == 7
    assert jobctl("mutate", text, "--dry-run").code == 0
    clear = '{"cmd":"clear","target":"retries"}'
    assert jobctl("mutate", clear, "--yes").code == 7
    assert raw.zcard("retries") == 4
    assert jobctl("mutate", clear, "--confirm", "retries").code == 0
    assert raw.zcard("retries") == 0
