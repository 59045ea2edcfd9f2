"""Zones in front of a schedule: those that Go's time.LoadLocation finds, and no others."""

from __future__ import annotations

import pytest

from jobctl.errors import BadSchedule
from jobctl.model.schedule import Schedule
from jobctl.model.schedule.clock import Clock

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
