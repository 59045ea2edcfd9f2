"""A layout carries what differs between job systems: here that of Sidekiq, as far as it goes."""

import json
from dataclasses import replace

import pytest

from jobctl.model.entry import Entry, Job, Place, listing_row, name_queue, retries_left
from jobctl.model.jsontext import replacer
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.times import Instant
from jobctl.systems.faktory.layout import FAKTORY

NOW = 1790000000.5


def utc(value: object) -> object:
    """Read float seconds, or integer milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    moment = Instant.of_epoch(value / 1000 if isinstance(value, int) else value)
    return None if moment is None else moment.rfc3339()


def requeued(raw: bytes, payload: dict[str, object], moment: str) -> bytes:
    """Stamp in the form that the job has."""
    instant = Instant.parse(moment)
    assert instant is not None
    whole = isinstance(payload.get("created_at"), int)
    stamp = round(instant.epoch() * 1000) if whole else instant.epoch()
    return replacer("enqueued_at")(raw, payload, json.dumps(stamp).encode())


SIDEKIQ = replace(
    FAKTORY,
    queues="app:queues",
    sets={Kind.SCHEDULED: "app:schedule", Kind.RETRIES: "app:retry", Kind.DEAD: "app:dead"},
    prefixes={QueueForm.Q: "app:queue:"},
    fields=FAKTORY.fields
    | {
        "jobtype": ("class",),
        "retry_count": ("retry_count",),
        "failed_at": ("failed_at",),
        "errtype": ("error_class",),
        "message": ("error_message",),
    },
    failure=("error_class",),
    wrapped=(("wrapped",), ("args", 0, "job_class")),
    purge_after=0,
    utc=utc,
    retries_allowed=lambda retry: 25 if retry is True else retry if type(retry) is int else 0,
    requeued=requeued,
)
RAW = (
    b'{"class":"Mailer","jid":"0123456789ab","queue":"late mails","retry":true,"retry_count":3,'
    b'"error_class":"Timeout","error_message":"late","failed_at":1789999999000,'
    b'"created_at":1789999990.25}'
)


def test_a_failure_stands_flat_in_the_payload_and_times_are_numbers():
    row = listing_row(Entry.scored(RAW, NOW, Kind.RETRIES, SIDEKIQ))
    assert (row["jobtype"], row["class"], row["errtype"]) == ("Mailer", "Mailer", "Timeout")
    assert (row["message"], row["retry_count"]) == ("late", 3)
    assert row["created_at"] == "2026-09-21T14:13:10.25Z"
    assert row["failed_at"] == "2026-09-21T14:13:19Z"


def test_the_score_of_a_dead_job_is_its_death_and_its_age_counts_from_there():
    entry = Entry.scored(RAW, NOW - 10, Kind.DEAD, SIDEKIQ)
    assert entry.died_at == entry.at
    assert entry.age(NOW) == pytest.approx(10)
    assert Entry.scored(RAW, NOW, Kind.RETRIES, SIDEKIQ).age(NOW) == pytest.approx(1.5)


def test_retries_are_allowed_by_truth_or_by_number():
    job = Job.decode(RAW, SIDEKIQ)
    assert (job.failed, job.retries_allowed, job.retries_used) == (True, 25, 3)
    assert retries_left(job.payload or {}, SIDEKIQ) == 22
    assert Job.decode(b'{"retry":false}', SIDEKIQ).retries_allowed == 0


def test_only_the_stamp_of_a_requeued_job_changes_in_the_jobs_own_form():
    payload = Job.decode(RAW, SIDEKIQ).payload or {}
    moment = "2026-09-21T14:13:20.5Z"
    assert requeued(RAW, payload, moment) == RAW[:-1] + b',"enqueued_at":1790000000.5}'
    assert name_queue(RAW, "other", SIDEKIQ) == RAW.replace(b"late mails", b"other")


def test_keys_have_a_prefix_and_lists_one_form():
    assert SIDEKIQ.queue_key("late mails", QueueForm.Q) == "app:queue:late mails"
    assert SIDEKIQ.queue_forms("late mails") == (QueueForm.Q,)
    assert SIDEKIQ.queue_of_key("app:queue:a") == ("a", QueueForm.Q)
    assert SIDEKIQ.queue_of_key("a") is None
    assert Entry.queued(RAW, Place(Kind.QUEUE, "a"), SIDEKIQ).jid == "0123456789ab"
