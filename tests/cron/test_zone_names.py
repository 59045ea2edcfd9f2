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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("UTC+2", "2 hours ahead of UTC is Etc/GMT-2: the sign is turned around there"),
        ("GMT-3", "3 hours behind UTC is Etc/GMT+3: the sign is turned around there"),
        ("+01:00", "1 hour ahead of UTC is Etc/GMT-1: the sign is turned around there"),
        ("gmt-1200", "12 hours behind UTC is Etc/GMT+12: the sign is turned around there"),
        ("UTC+0:00", "write UTC"),
        ("GMT+05:30",
         "no zone is named by such an offset: name a place that has it, as in Area/City"),
        ("GMT-13", "no zone is named by such an offset: name a place that has it, as in Area/City"),
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
