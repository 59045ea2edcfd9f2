"""Which records a change is about: ids, conditions, or both."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobctl.errors import BadFilter
from jobctl.model.times import parse_duration
from jobctl.records.query import Query


@dataclass(frozen=True, slots=True)
class RecordWhere:
    """Records by id and by a query; what is given of both must hold.

    Attributes:
        ids: those that were asked for; None: any. None asked for matches nothing.
        query: the conditions.
        orphans: whether ids without a record match where their index entries do: a cleanup.
    """

    ids: tuple[str, ...] | None = None
    query: Query = field(default_factory=Query)
    orphans: bool = False

    def __bool__(self) -> bool:
        return self.ids is not None or bool(self.query)

    @classmethod
    def older(cls, age: str, *, completed: bool) -> RecordWhere:
        """Return what a cleanup is about: what was recorded so long ago, or only what completed.

        Raises:
            BadFilter: that is no duration.
        """
        query = aged("--older-than", (age,))
        return cls(None, query & Query.parse("state=completed") if completed else query, True)


def aged(option: str, ages: tuple[str, ...]) -> Query:
    """Return the condition that ``--older-than`` or ``--newer-than`` means; any of the ages.

    Raises:
        BadFilter: one of them is no duration.
    """
    if "" in ages:
        raise BadFilter(f"{option} is empty", hint="90s, 15m, 2h, 3d, 12w")
    for age in ages:
        parse_duration(age)
    moments = ",".join(f"-{age.strip()}" for age in ages)
    return Query.parse(f"recorded_at{'<' if option == '--older-than' else '>'}{moments}")
