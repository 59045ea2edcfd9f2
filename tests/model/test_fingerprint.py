"""What differs from job to job is folded out of messages."""

import time

import pytest

from jobctl.model.fingerprint import digests, fingerprint

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


def test_its_digests_are_those_of_the_text_and_the_shorter_begins_the_longer():
    short, long = digests(fingerprint("Timeout after 30 s"))
    assert (short, long) == ("19ebe3", "19ebe39c5fa7")
    assert digests("\ud800") != digests("?")


@pytest.mark.parametrize("piece", ["1", "a-", "/a", "a@", "1.", "0x", "a1", "-1", "://", "\u0000"])
def test_no_message_takes_long(piece):
    begun = time.process_time()
    fingerprint(piece * 500_000)
    assert time.process_time() - begun < 0.5
