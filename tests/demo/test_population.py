from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from jobctl.demo.population import lifelike

NOW = datetime(2026, 4, 2, 3, 0, 0, 123456, tzinfo=UTC).timestamp()
MOMENTS = [NOW, datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()]
PURGE_AFTER = 180 * 86400
PLACES = {  # where each highlight is; the duplicate has two, and a test of its own
    "queue:default": "waiting bidi large",
    "queue:mailers": "japanese",
    "queue:critical": "undated",
    "retries": "retrying huge_integer ansi markup",
    "scheduled": "scheduled overdue",
    "dead": "dead",
    "working": "working stuck",
}
SETS = ("scheduled", "retries", "dead", "working")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@pytest.fixture(scope="module", params=[(n, s) for n in MOMENTS for s in (7, 8)], ids=str)
def seeded(request):
    now, seed = request.param
    return now, lifelike(now, seed)


@pytest.fixture(scope="module")
def shop():
    return lifelike(NOW)


def unix(text):
    assert RFC3339.fullmatch(text), text
    return datetime.fromisoformat(text).timestamp()


def same(seconds):
    return pytest.approx(seconds, abs=2e-6, rel=0)  # fromisoformat keeps microseconds


def decode(raw):
    try:
        job = json.loads(raw)
    except ValueError:
        return None
    return job if isinstance(job, dict) else None


def entries(members):
    return [(decode(raw), score) for raw, score in members if decode(raw) is not None]


def all_entries(population):
    for name in SETS:
        yield from entries(population.sets[name])


def members(population):
    """Every raw member with its place."""
    for name, queue in population.queues.items():
        yield from ((f"queue:{name}", raw) for raw in queue)
    for name in SETS:
        yield from ((name, raw) for raw, _ in population.sets[name])


def jobs(population):
    """Every well-formed job with its place, reservations opened."""
    for place, raw in members(population):
        job = decode(raw)
        if job is not None:
            yield place, job["job"] if place == "working" else job


def only(population, jid):
    (found,) = ((place, job) for place, job in jobs(population) if job["jid"] == jid)
    return found


def raw_of(population, jid):
    return next(raw for _, raw in members(population) if jid.encode() in raw)


def test_equal_arguments_give_equal_bytes_and_another_seed_other_jobs():
    assert lifelike(NOW) == lifelike(NOW, seed=7)
    assert lifelike(NOW).highlights != lifelike(NOW, seed=8).highlights


def test_sizes_are_those_of_a_shop_that_seeds_fast(seeded):
    _, population = seeded
    assert sum(len(queue) for queue in population.queues.values()) == pytest.approx(600, abs=20)
    assert len(population.sets["retries"]) == 180
    assert len(population.sets["scheduled"]) == pytest.approx(60, abs=3)
    assert len(population.sets["dead"]) == 45
    assert len(population.sets["working"]) == 5
    assert sum(len(raw) for _, raw in members(population)) < 1_000_000


def test_queue_names_are_valid_and_every_job_waits_in_its_own_queue(seeded):
    _, population = seeded
    assert len(population.queues) == 6
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in population.queues)
    assert [name for name, queue in population.queues.items() if not queue] == ["imports"]
    for place, job in jobs(population):
        assert job["queue"] in population.queues
        assert not place.startswith("queue:") or place == f"queue:{job['queue']}"


def test_every_job_has_what_the_server_demands(seeded):
    _, population = seeded
    for _, job in jobs(population):
        assert re.fullmatch(r"[0-9a-f]{24}|[0-9a-f]{32}|[A-Za-z0-9_-]{16}", job["jid"])
        assert isinstance(job["args"], list)
        assert job["jobtype"]
        for name in ("created_at", "enqueued_at", "at"):
            assert name not in job or RFC3339.fullmatch(job[name])


def test_jids_are_unique_except_the_one_duplicate(seeded):
    _, population = seeded
    counts = Counter(job["jid"] for _, job in jobs(population))
    assert {jid for jid, n in counts.items() if n > 1} == {population.highlights["duplicate"]}
    torn = next(raw for raw, _ in population.sets["retries"] if decode(raw) is None)
    assert json.loads(re.search(rb'"jid": ?("\w+")', torn)[1]) not in counts


def test_the_duplicate_is_the_same_bytes_in_retries_and_late_in_a_queue(seeded):
    _, population = seeded
    (queue, raw), (retries, again) = (
        (place, raw)
        for place, raw in members(population)
        if (job := decode(raw)) and job.get("jid") == population.highlights["duplicate"]
    )
    assert (queue, retries) == ("queue:default", "retries")
    assert raw == again
    assert population.queues["default"].index(raw) > 200


def test_queues_run_their_oldest_job_first_and_mails_are_40_minutes_late(seeded):
    now, population = seeded
    for queue in filter(None, population.queues.values()):
        times = [
            int(unix(job["enqueued_at"]))  # some writers have no digits below the second
            for job in map(decode, queue)
            if job["jid"] != population.highlights["duplicate"]
        ]
        assert times == sorted(times)
        assert times[-1] <= now
    oldest = decode(population.queues["mailers"][0])
    assert now - unix(oldest["enqueued_at"]) == pytest.approx(40 * 60, abs=2)


def test_a_scheduled_job_runs_at_its_score_and_was_created_before(seeded):
    now, population = seeded
    for job, score in entries(population.sets["scheduled"]):
        assert score == same(unix(job["at"]))
        assert unix(job["created_at"]) < min(score, now)
        assert "enqueued_at" not in job
    overdue = [score for _, score in entries(population.sets["scheduled"]) if score < now]
    assert overdue == [pytest.approx(now - 120, abs=1)]


def test_a_retry_is_due_at_its_score_after_the_servers_delay(seeded):
    now, population = seeded
    for job, score in entries(population.sets["retries"]):
        failure, count = job["failure"], job["failure"]["retry_count"]
        assert score == same(unix(failure["next_at"]))
        assert score > now
        assert count + failure["remaining"] == job.get("retry", 25)
        assert failure["remaining"] > 0
        failed_at = unix(failure["failed_at"])
        assert failed_at < now
        assert unix(job["enqueued_at"]) < now
        least = sum(n**4 + 15 for n in range(count + 1))
        most = sum(n**4 + 15 + 30 * (n + 1) + 101 for n in range(count + 1))
        assert least - 1 <= score - failed_at <= most


def test_a_dead_job_is_purged_180_days_after_it_died_with_no_retries_left(seeded):
    now, population = seeded
    for job, score in entries(population.sets["dead"]):
        failure, died_at = job["failure"], score - PURGE_AFTER
        assert died_at < now < score
        assert unix(job["enqueued_at"]) <= died_at
        assert failure["retry_count"] == max(job.get("retry", 25), 0)
        if job.get("retry") == -1:
            assert died_at == same(unix(failure["failed_at"]))
        else:
            assert failure["remaining"] == 0
            assert 0 < died_at - unix(failure["next_at"]) <= 101


def test_a_reservation_expires_at_its_score_after_the_time_it_asked_for(seeded):
    now, population = seeded
    for reservation, score in entries(population.sets["working"]):
        assert list(reservation) == ["job", "reserved_at", "expires_at", "wid"]
        reserved_at = unix(reservation["reserved_at"])
        assert score == same(unix(reservation["expires_at"]))
        assert score - reserved_at == same(reservation["job"].get("reserve_for", 1800))
        assert unix(reservation["job"]["enqueued_at"]) <= reserved_at < now
    assert sum(score < now for _, score in population.sets["working"]) == 1


def test_nothing_failed_in_the_paused_queue_since_its_oldest_job_waits(seeded):
    _, population = seeded
    paused_at = unix(decode(population.queues["webhooks"][0])["enqueued_at"])
    last = [
        j["enqueued_at"] for j, _ in entries(population.sets["retries"]) if j["queue"] == "webhooks"
    ]
    assert last
    assert all(unix(enqueued_at) < paused_at for enqueued_at in last)


def test_counters_hold_fourteen_days_and_totals_above_their_sum(seeded):
    _, population = seeded
    counters = population.counters
    days = {name.partition(":")[2] for name in counters if ":" in name}
    assert len(counters) == 2 + 2 * 14
    assert len(days) == 14
    for name in ("processed", "failures"):
        assert counters[name] > sum(counters[f"{name}:{day}"] for day in days)
    assert all(0 <= counters[f"failures:{day}"] <= counters[f"processed:{day}"] for day in days)


def test_today_is_partial_and_the_weekend_quieter(shop):
    processed = [n for name, n in shop.counters.items() if name.startswith("processed:")]
    assert processed[-1] < min(processed[:-1])
    assert shop.counters["processed:2026-03-29"] < shop.counters["processed:2026-03-30"]
    assert "failures:2026-04-02" in shop.counters


@pytest.mark.parametrize("place", PLACES)
def test_a_highlight_is_in_the_place_it_claims(seeded, place):
    _, population = seeded
    for word in PLACES[place].split():
        assert only(population, population.highlights[word])[0] == place


def test_the_tour_names_jobs_and_no_jid_reads_as_an_option(seeded):
    _, population = seeded
    jids = population.highlights.values()
    assert len(set(jids)) == len(jids)
    assert all(jid[0] != "-" for jid in jids)
    shown = {word for line, _ in population.tour() for word in line.split()}
    assert {population.highlights[name] for name in ("retrying", "duplicate", "stuck")} <= shown


def test_highlights_are_what_they_are_named_for(seeded):
    now, population = seeded
    words = population.highlights
    at = {job.get("jid") or job["job"]["jid"]: score for job, score in all_entries(population)}
    tomorrow = datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)
    scheduled = datetime.fromtimestamp(at[words["scheduled"]], UTC)
    assert (scheduled.date(), scheduled.hour) == (tomorrow, 7)
    assert at[words["overdue"]] < now
    assert at[words["stuck"]] < now - 3600
    assert at[words["working"]] > now
    assert only(population, words["retrying"])[1]["jobtype"] == "QuickbooksSyncJob"
    jids = [decode(raw)["jid"] for raw in population.queues["default"]]
    assert 50 < jids.index(words["waiting"]) < 200


def test_arguments_hold_the_oddities_of_real_ones(seeded):
    _, population = seeded
    words = population.highlights
    assert only(population, words["huge_integer"])[1]["args"][0] >= 2**64
    assert "\u202e" in only(population, words["bidi"])[1]["args"][0]
    assert "東京" in only(population, words["japanese"])[1]["args"][1]
    assert "🎁".encode() in raw_of(population, words["japanese"])
    assert 29_000 < len(raw_of(population, words["large"])) < 32_000
    undated = [job["jid"] for _, job in jobs(population) if "created_at" not in job]
    assert undated == [words["undated"]]


def test_messages_hold_what_a_terminal_must_not_obey(seeded):
    _, population = seeded
    words = population.highlights
    assert "\x1b[31m" in only(population, words["ansi"])[1]["failure"]["message"]
    markup = only(population, words["markup"])[1]["failure"]["message"]
    assert "[red]" in markup
    assert "\n" in markup


def test_three_members_are_malformed_each_in_its_own_way(seeded):
    _, population = seeded
    broken = {place: raw for place, raw in members(population) if decode(raw) is None}
    assert sorted(broken) == ["dead", "retries", "scheduled"]
    assert isinstance(json.loads(broken["scheduled"]), list)
    assert broken["retries"].startswith(b'{"jid":"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken["retries"])
    with pytest.raises(UnicodeDecodeError):
        broken["dead"].decode()


def test_members_are_written_as_each_writer_writes(shop):
    written = [raw for _, raw in members(shop) if decode(raw) is not None]
    python = [raw for raw in written if b'"jobtype": "' in raw]
    assert python
    assert all(raw.isascii() for raw in python)
    assert len({tuple(decode(raw))[:3] for raw in written}) >= 4
    feeds = [raw for raw in written if b"JSON::ParserError" in raw]
    assert all(rb"\u003chtml\u003e" in raw and b"<" not in raw for raw in feeds)
    assert any(b"<urllib3" in raw for raw in python)


def test_times_come_with_and_without_digits_and_one_with_another_offset(shop):
    stamps = re.findall(rb'"(2\d{3}-\d\d-\d\dT[^"]+)"', b" ".join(raw for _, raw in members(shop)))
    digits = {len(re.sub(rb"^[^.]*\.?|Z$|[+-][\d:]+$", b"", stamp)) for stamp in stamps}
    assert {0, 6, 9} <= digits
    offsets = Counter(re.search(rb"Z$|[+-]\d\d:\d\d$", stamp)[0] for stamp in stamps)
    assert set(offsets) == {b"Z", b"+00:00", b"+02:00"}
    away = [job for _, job in jobs(shop) if job.get("at", "").endswith("+02:00")]
    assert len(away) == 1


def test_optional_fields_come_and_go(shop):
    drawn = [job for _, job in jobs(shop)]
    assert {job.get("retry") for job in drawn} == {None, -1, 3, 5, 25}
    assert {frozenset(job.get("custom", ())) for job in drawn} == {
        frozenset(),
        frozenset({"tenant"}),
        frozenset({"tenant", "traceparent"}),
    }
    failures = [job["failure"] for job in drawn if "failure" in job]
    assert {"backtrace" in failure for failure in failures} == {True, False}
    queues = [raw for queue in shop.queues.values() for raw in queue]
    assert any("failure" in decode(raw) for raw in queues)
