"""Zones in front of a schedule: those that Go's time.LoadLocation finds, and no others."""

from __future__ import annotations

import pytest

from jobctl.cron.clock import Clock
from jobctl.cron.schedule import Schedule
from jobctl.errors import BadSchedule

UTC = Clock.named("")
PREFIX = pytest.mark.parametrize("prefix", ["TZ=", "CRON_TZ="])


@PREFIX
@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"), ("GB-Eire", "GB-Eire"), ("UTC", "UTC"), ("", "UTC"),
        # A name is a file's path there: the system passes over these.
        ("Europe//Berlin", "Europe/Berlin"), ("Europe/./Berlin", "Europe/Berlin"),
        ("./Europe/Berlin", "Europe/Berlin"), (".//UTC", "UTC"),
    ],
)  # fmt: skip
def test_zones_it_finds(prefix, name, zone):
    assert Schedule.parse(f"{prefix}{name} 0 0 * * *").clock(UTC).name == zone


@PREFIX
@pytest.mark.parametrize(
    "name",
    [
        "utc", "europe/berlin", "local", "LOCAL", "./Local", "Foo/Bar", "UTC+1", "+01:00", "=UTC",
        # Folders, and files that hold no zone or are looked for as folders.
        "Europe", "Europe/", ".", "./", "zone.tab", "Europe/Berlin/", "Europe/Berlin/.", "UTC//",
        # Paths out of the folder of zones.
        "/usr/share/zoneinfo/UTC", "//UTC", "\\UTC", "../zoneinfo/UTC", "Europe/../UTC", "..UTC",
        "UTC\0", "\0", "UTC\t", "x" * 300, "a/" * 200 + "UTC",
    ],
    ids=lambda name: repr(name[:20]),
)  # fmt: skip
def test_zones_it_does_not_find(prefix, name):
    with pytest.raises(BadSchedule) as caught:
        Schedule.parse(f"{prefix}{name} 0 0 * * *")
    assert caught.value.at == (f"{prefix}{name} 0 0 * * *", len(prefix))


OFFSET = "an offset is no zone: UTC+2 is Etc/GMT-2, its sign turned around"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("UTC+2", OFFSET), ("+01:00", OFFSET), ("gmt-1200", OFFSET), ("UTC+0:00", OFFSET),
        # Near names, but of another offset.
        ("CEST", "zones look like Europe/Berlin, or UTC"),
        ("EST5", "zones look like Europe/Berlin, or UTC"),
        ("Etc/GMT+20", "zones look like Europe/Berlin, or UTC"),
        ("utc", "did you mean UTC? upper and lower case matter"),
        ("New_York", "did you mean America/New_York?"),
        ("Europe/Berlln", "did you mean Europe/Berlin?"),
    ],
)  # fmt: skip
def test_no_hint_names_a_zone_of_another_offset(name, hint):
    with pytest.raises(BadSchedule) as caught:
        Schedule.parse(f"TZ={name} 0 0 * * *")
    assert caught.value.hint == hint
