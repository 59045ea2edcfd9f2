"""What differs from job to job is folded out of messages."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.fingerprint import fingerprint, fingerprint_regex

SAME = [
    ("Timeout after 30 s at 10.0.0.7:6379", "Timeout after <n> s at <ip>"),
    ("order 1,234.50 failed", "order <n> failed"),
    ("no User with id=42", "no User with id=<n>"),
    ("GET https://a.example/x?y=1 failed", "GET <url> failed"),
    ("mail to a.b@example.com bounced", "mail to <email> bounced"),
    ("lock 5b0a1c9e-8b7f-4a65-9d6c-1f2e3d4c5b6a held", "lock <uuid> held"),
    ("at 2026-09-21T14:00:01.5Z: late", "at <time>: late"),
    ("at 2026-09-21 14:00:01 UTC: late", "at <time>: late"),
    ("object 0x00007f8e5c0 freed", "object <hex> freed"),
    ("commit deadbeef01 missing", "commit <hex> missing"),
    ("cannot open /var/lib/app/tmp-1.txt", "cannot open <path>"),
    ("cannot open ../x/y", "cannot open <path>"),
    ("job-123abc is stuck", "<id> is stuck"),
    ("first line 7\nsecond line", "first line <n>"),
    ("  spaces \t and\u00a0more  ", "spaces and more"),
    ("undefined method `foo' for nil", "undefined method `foo' for nil"),
    ("deadline facade decade", "deadline facade decade"),
    ("and/or", "and/or"),
    ("sha256 of x2y", "sha<n> of x<n>y"),
    ("", ""),
]


@pytest.mark.parametrize(("message", "folded"), SAME)
def test_it_is_folded(message, folded):
    assert fingerprint(message) == folded
    assert re.search(fingerprint_regex(message), message)


def test_its_expression_finds_its_sisters_and_no_others():
    regex = re.compile(fingerprint_regex("Timeout after 30 s at 10.0.0.7:6379 for a@b.cd"))
    assert regex.search("Timeout after 5 s at 192.168.1.1:80 for longer.name@example.org")
    assert not regex.search("Timeout after 5 s at 192.168.1.1:80 for nobody")
    assert not regex.search("x Timeout after 5 s at 192.168.1.1:80 for a@b.cd")


@given(st.text(alphabet="ab12f0-_/.:@ \n\\xTZ,+é", max_size=80))
def test_any_message_is_found_by_its_own_expression(message):
    assert re.search(fingerprint_regex(message), message)


@pytest.mark.parametrize("piece", ["1", "a-", "/a", "a@", "1.", "0x", "a1", "-1", "://", "\u0000"])
def test_no_message_takes_long(piece):
    begun = time.process_time()
    fingerprint(piece * 500_000)
    assert time.process_time() - begun < 0.5
