"""What the demo's population is made of: who writes jobs and how, which jobs, which failures.

Tables for `population.py`. The shop is invented; the forms are those of Faktory's own server and
of its Go, Ruby and Python clients.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from jobctl.systems.faktory.layout import DEFAULT_RETRY

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**9  # times are integer nanoseconds since the epoch, as fine as the server's stamps
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Who writes: the order of keys, the JSON, the jids, the times.
STRUCT = (
    *("jid", "queue", "jobtype", "args", "created_at", "enqueued_at", "at"),
    *("reserve_for", "retry", "backtrace", "failure", "custom"),
)
OPTIONS_FIRST = (
    *("retry", "queue", "reserve_for", "backtrace", "custom", "jobtype", "args", "at", "jid"),
    *("created_at", "enqueued_at", "failure"),
)
REQUEST = (
    *("jid", "queue", "jobtype", "custom", "args", "reserve_for", "at", "retry"),
    *("created_at", "enqueued_at", "failure"),
)
GO_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def ruby_json(value: object) -> str:
    """Write as Ruby's JSON.generate does: no spaces, and everything printable raw."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def go_json(value: object) -> str:
    """Write as Go's encoding/json does: no spaces, `<` as an escape, other text raw."""
    return ruby_json(value).translate(GO_ESCAPES)


@dataclass(frozen=True, slots=True)
class Writer:
    """One program that writes jobs."""

    keys: tuple[str, ...]
    json: Callable[[object], str]
    jid: Callable[[Random], str]
    digits: int  # of a second's fraction
    zulu: bool = True  # UTC is written Z, not +00:00
    offset: int = 0  # hours from UTC
    sorts_objects: bool = False  # Go's maps come out sorted

    def rfc3339(self, at: int) -> str:
        """Return the time as this program writes it, the digits it lacks cut off."""
        seconds, fraction = divmod(at, SECOND)
        zone = timezone(timedelta(hours=self.offset))
        text = (EPOCH + timedelta(seconds=seconds)).astimezone(zone).isoformat()
        digits = f"{fraction:09d}"[: self.digits]
        if self.zulu or not digits.strip("0"):  # Go drops last zeros, Python a fraction of zero
            digits = digits.rstrip("0")
        return text[:19] + (f".{digits}" if digits else "") + ("Z" if self.zulu else text[19:])


def _base64_jid(rng: Random) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(12)).decode()


def _hex_jid(rng: Random) -> str:
    return rng.randbytes(12).hex()


def _uuid_jid(rng: Random) -> str:
    return uuid.UUID(bytes=rng.randbytes(16), version=4).hex


GO = Writer(STRUCT, go_json, _base64_jid, digits=9, sorts_objects=True)
SERVER = replace(GO, jid=_hex_jid)  # a Ruby job as the server rewrote it
RUBY = Writer(OPTIONS_FIRST, ruby_json, _hex_jid, digits=0)
PYTHON = Writer(REQUEST, json.dumps, _uuid_jid, digits=6, zulu=False)
BERLIN = replace(PYTHON, offset=2)  # a worker that stamps its local time


@dataclass(frozen=True, slots=True)
class Jobtype:
    """One jobtype as the shop pushes it. `retry` None: left out, the server's 25 holds."""

    name: str
    queue: str
    writer: Writer
    args: Callable[[Random], list[object]]
    retry: int | None = None
    reserve_for: int | None = None
    backtrace: int | None = None  # lines to keep
    dated: bool = True  # has created_at

    @property
    def limit(self) -> int:
        """Return the retry_count at which it is dead."""
        return DEFAULT_RETRY if self.retry is None else self.retry


def _id(rng: Random) -> int:
    return rng.randrange(10_000, 99_999)


def _price(rng: Random) -> dict[str, object]:
    return {"amount": rng.randrange(499, 24_999), "currency": rng.choice(("eur", "usd"))}


def _order(rng: Random) -> dict[str, object]:
    return {"order_id": _id(rng), "locale": rng.choice(("de", "en", "nl", "fr"))}


def _report(rng: Random) -> list[object]:
    return [rng.choice(SHOPS), {"group_by": rng.choice(("country", "sku")), "currency": "EUR"}]


def _hook(rng: Random) -> list[object]:
    url = f"https://{rng.choice(SHOPS)}.example.com/hooks?v=2&token={rng.randbytes(4).hex()}"
    return [url, rng.choice(EVENTS), {"id": _id(rng), "attempt": 1}]


def _image(rng: Random) -> list[object]:
    return [f"products/{_id(rng)}/front.jpg", {"width": 800, "height": 600, "fit": "cover"}]


def _catalog(rng: Random) -> list[object]:
    row = ({"sku": f"SKU-{_id(rng)}", "price": _id(rng) / 100, "stock": 7} for _ in range(680))
    return [list(row)]


def _letter(rng: Random) -> list[object]:
    return [f"customer{_id(rng)}@example.com", "spring-sale", [3, 14, 27]]


SHOPS = ("acme", "bluebird", "fjord", "kaffeehaus", "old-mill")  # also the tenants
EVENTS = ("order.paid", "order.shipped", "refund.created", "stock.low")

CHARGE = Jobtype("ChargeCardJob", "critical", SERVER, lambda r: [_id(r), _price(r)], retry=3)
STOCK = Jobtype("ReserveStockJob", "critical", RUBY, lambda r: [_id(r), r.randrange(1, 9)], retry=5)
PASSWORD = Jobtype("PasswordMailJob", "critical", RUBY, lambda r: [_id(r)], retry=25)
RENEWAL = Jobtype("RenewSubscriptionJob", "critical", SERVER, lambda r: [_id(r), "monthly"])
QUICKBOOKS = Jobtype("QuickbooksSyncJob", "default", SERVER, lambda r: [_id(r)], backtrace=5)
INDEX = Jobtype("SearchIndexJob", "default", RUBY, lambda r: [_id(r), "Product"], retry=5)
THUMBNAIL = Jobtype("image.thumbnail", "default", GO, _image)
LOYALTY = Jobtype("LoyaltyPointsJob", "default", RUBY, lambda r: [_id(r), r.randrange(5, 400), 1.5])
FEED = Jobtype("SupplierFeedJob", "default", SERVER, lambda r: [_id(r), r.choice(SHOPS)])
CRM = Jobtype("CrmSyncJob", "default", SERVER, lambda r: [_id(r), "contact"], backtrace=3)
ERASE = Jobtype("EraseCustomerJob", "default", SERVER, lambda r: [_id(r)], retry=-1)
MAIL = Jobtype("MailDeliveryJob", "mailers", RUBY, lambda r: ["OrderMailer", "shipped", _order(r)])
NEWSLETTER = Jobtype("NewsletterJob", "mailers", SERVER, _letter, retry=5)
CART = Jobtype("AbandonedCartJob", "mailers", RUBY, lambda r: [_id(r), "first"], retry=5)
SALES = Jobtype("reports.sales_summary", "reports", PYTHON, _report, retry=5, reserve_for=3600)
RATES = Jobtype("reports.exchange_rates", "reports", PYTHON, lambda _: ["EUR"], retry=25)
WEBHOOK = Jobtype("webhook.deliver", "webhooks", GO, _hook, reserve_for=120)


@dataclass(frozen=True, slots=True)
class Error:
    """One way to fail; `{id}` in the message is the job's first argument."""

    errtype: str
    message: str
    backtrace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failing:
    """So many jobs of one type that fail with this error, the first up to `oldest` ago."""

    jobtype: Jobtype
    error: Error
    count: int
    oldest: int


OPEN_TIMEOUT = Error(
    "Net::OpenTimeout",
    "Failed to open TCP connection to quickbooks.example.com:443 (execution expired)",
    (
        "/usr/local/lib/ruby/3.3.0/net/http.rb:1603:in `initialize'",
        "/usr/local/lib/ruby/3.3.0/net/http.rb:1603:in `open'",
        "/srv/shop/vendor/bundle/gems/faraday-2.9.0/lib/faraday/connection.rb:492:in `post'",
        "/srv/shop/app/services/quickbooks/client.rb:41:in `post_invoice'",
        "/srv/shop/app/jobs/quickbooks_sync_job.rb:17:in `perform'",
    ),
)
NOT_FOUND = Error("ActiveRecord::RecordNotFound", "Couldn't find Product with 'id'={id}")
BAD_GATEWAY = Error(
    "JSON::ParserError",
    "unexpected token at '<html><head><title>502 Bad Gateway</title></head>' (feed {id})",
)
DECLINED = Error("Stripe::CardError", "Your card has insufficient funds. (order {id})")
CARD_EXPIRED = Error("Stripe::CardError", "Your card has expired. (order {id})")
CONNECTION = Error(
    "requests.exceptions.ConnectionError",
    "HTTPSConnectionPool(host='rates.example.com', port=443): Max retries exceeded with url:"
    " /v1/latest?base={id} (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection"
    " object at 0x7f3a1c0b5e50>: Failed to establish a new connection: [Errno 111]"
    " Connection refused'))",
    ('  File "/srv/reports/rates.py", line 28, in latest\n    r = session.get(url)',),
)
DEADLINE = Error("unknown", 'Post "{id}": context deadline exceeded')  # the Go client knows no type
BAD_IMAGE = Error("unknown", "decode {id}: image: unknown format")
SMTP_BUSY = Error("Net::SMTPServerBusy", "421 4.7.0 Temporary system problem. Try again later")
MERGED = Error("CRM::GoneError", "contact {id} was merged (410)", OPEN_TIMEOUT.backtrace[2:3])
DISPUTE = Error("Privacy::LegalHold", "customer {id} has an open dispute")
ANSI = Error("PG::ConnectionBad", "\x1b[31mFATAL:\x1b[0m \x1b[1msorry, too many clients\x1b[0m")
MARKUP = Error("ValueError", "[red]bad rate[/red] in [bold]row 17[/bold]\nexpected a number")
OVERFLOW = Error("OverflowError", "Python int too large to convert to C long")

INCIDENT = Failing(QUICKBOOKS, OPEN_TIMEOUT, 96, 55 * MINUTE)
RETRYING = (
    INCIDENT,
    Failing(FEED, BAD_GATEWAY, 16, 3 * DAY),
    Failing(WEBHOOK, DEADLINE, 17, 6 * HOUR),
    Failing(INDEX, NOT_FOUND, 14, 12 * MINUTE),
    Failing(RATES, CONNECTION, 11, 9 * HOUR),
    Failing(CRM, MERGED, 8, 18 * DAY),
    Failing(PASSWORD, SMTP_BUSY, 6, 40 * MINUTE),
    Failing(CHARGE, DECLINED, 5, 4 * MINUTE),
    Failing(THUMBNAIL, BAD_IMAGE, 3, 5 * HOUR),
)
DEAD = (
    Failing(CHARGE, DECLINED, 12, 30 * DAY),
    Failing(CHARGE, CARD_EXPIRED, 6, 90 * DAY),
    Failing(INDEX, NOT_FOUND, 11, 14 * DAY),
    Failing(CRM, MERGED, 8, 179 * DAY),
    Failing(SALES, CONNECTION, 4, 2 * DAY),
    Failing(ERASE, DISPUTE, 2, 60 * DAY),
    Failing(NEWSLETTER, SMTP_BUSY, 1, 5 * DAY),
)
QUEUES = (  # name, jobs, age of the oldest, jobtypes; one named twice comes twice as often
    ("critical", 12, 9 * SECOND, (CHARGE, STOCK)),
    ("default", 236, 90 * SECOND, (INDEX, INDEX, THUMBNAIL, LOYALTY, QUICKBOOKS)),
    ("mailers", 204, 40 * MINUTE, (MAIL, MAIL, NEWSLETTER)),
    ("reports", 34, 40 * SECOND, (SALES,)),
    ("webhooks", 108, 25 * MINUTE, (WEBHOOK,)),
)
OLDEST = {name: oldest for name, _, oldest, _ in QUEUES}
EMPTY_QUEUES = ("imports",)
PAUSED = ("webhooks",)
SCHEDULED = (  # jobtype, jobs, from, to: when they run, seen from now
    (CART, 26, 2 * MINUTE, 2 * DAY),
    (RENEWAL, 18, 1 * HOUR, 30 * DAY),
    (WEBHOOK, 3, 10 * SECOND, 5 * MINUTE),
)
TOMORROW = ((SALES, 8), (NEWSLETTER, 3))  # between 7:00 and 7:30 UTC
WORKING = (  # jobtype, reserved so long ago, wid
    (SALES, 6 * HOUR, "d2b1a7c4e95f4c0e8a36b7f01c9d5e22"),  # stuck: expired long ago
    (QUICKBOOKS, 47 * SECOND, "5f0e8c1ab27d4493"),
    (THUMBNAIL, 2 * SECOND, "5k3m1q0a7d9bt"),
    (MAIL, 1 * SECOND, "5f0e8c1ab27d4493"),
    (CHARGE, SECOND // 3, "a81c55d0e2f94b76"),
)
WEEK = (182_000, 176_000, 171_000, 174_000, 193_000, 128_000, 109_000)  # processed, from Monday
COUNTERS_BEFORE = {"processed": 48_211_930, "failures": 803_117}

# Oddities: one of each.
HUGE_INTEGER = Jobtype("payouts.reconcile", "reports", PYTHON, lambda _: [2**128 + 1, "EUR"])
BIDI = Jobtype(
    "VirusScanJob", "default", RUBY, lambda _: ["uploads/invoice_\u202efdp.exe"], retry=5
)
JAPANESE = Jobtype("GiftMailJob", "mailers", RUBY, lambda r: [_id(r), "東京の田中さんへ 🎁"])
UNDATED = replace(STOCK, dated=False)
LARGE = Jobtype("CatalogImportJob", "default", SERVER, _catalog)
MONTH_END = Jobtype("reports.month_end", "reports", BERLIN, lambda _: ["acme", 0.19], retry=5)
QUEUE_ODDITIES = {  # (queue, position: 0 runs next), jobtype
    "bidi": (("default", 31), BIDI),
    "large": (("default", 150), LARGE),
    "japanese": (("mailers", 12), JAPANESE),
    "undated": (("critical", 4), UNDATED),
}
RETRYING_ODDITIES = {
    "huge_integer": Failing(HUGE_INTEGER, OVERFLOW, 1, 1 * HOUR),
    "ansi": Failing(FEED, ANSI, 1, 1 * HOUR),
    "markup": Failing(SALES, MARKUP, 1, 5 * MINUTE),
}
BEHIND_DUPLICATE = 3  # pushed since a MUTATE requeue crashed, with one job pushed, not removed
NOT_AN_OBJECT = b'["RenewSubscriptionJob",[48213,"monthly"]]'  # someone's own ZADD
BINARY = b"\x83\xa3jid\xb0p6Zt0Qm3xY1aB7Kd\xa7jobtype\xa5thumb\xa4blob\xc4\x04\xff\xd8\xff\xe0"
