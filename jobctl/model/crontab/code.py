"""Every kind of finding there is in files of cron entries; those of schedules are doubts."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What a finding is called for programs."""

    UNREADABLE = "unreadable"
    NOT_UTF_8 = "not-utf-8"
    NUL_BYTE = "nul-byte"
    BYTE_ORDER_MARK = "byte-order-mark"
    TOML = "toml"
    STRAY_KEY = "stray-key"
    PLUGIN_OFF = "plugin-off"
    NO_ENTRIES = "no-entries"
    NOT_ENTRIES = "not-entries"
    INLINE_ENTRIES = "inline-entries"
    MISSING_SCHEDULE = "missing-schedule"
    MISSING_JOB = "missing-job"
    MISSING_TYPE = "missing-type"
    WRONG_TYPE = "wrong-type"
    NOT_A_NUMBER = "not-a-number"
    BAD_SCHEDULE = "bad-schedule"
    EMPTY_TYPE = "empty-type"
    BAD_QUEUE = "bad-queue"
    BAD_RESERVE = "bad-reserve"
    BAD_AT = "bad-at"
    FIXED_AT = "fixed-at"
    ODD_RESERVE = "odd-reserve"
    ODD_RETRY = "odd-retry"
    UNKNOWN_KEY = "unknown-key"
    OTHER_CASE = "other-case"
    OVERWRITTEN = "overwritten"
    DUPLICATE = "duplicate"
    SAME_INSTANT = "same-instant"
