"""What indexes answer, and what is left for the record: together exactly what was asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.model.jobba import SetClause, TimeClause
from jobctl.records.query import Query
from tests.builders import NOW
from tests.records.asking import hashes, queries, read


def indexed(clause, found):
    """Whether the indexes that the layout describes hold the record, in a clause's."""
    if isinstance(clause, TimeClause):
        score = found.get(clause.field)
        low = float("-inf") if clause.low is None else clause.low
        high = float("inf") if clause.high is None else clause.high
        return score is not None and low <= score <= high
    assert isinstance(clause, SetClause)
    if clause.field == "job_arg":
        return bool(set(found.get("job_args", {}).values()) & set(clause.values))
    value = found.get(clause.field)
    return value is not None and str(value) in clause.values


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(hashes(), min_size=5, max_size=10), queries)
def test_a_record_meets_a_query_when_it_is_in_the_indexes_and_meets_the_rest(several, texts):
    query = Query.parse(*texts)
    sorted_ = query.split(NOW)
    for found in several:
        record = read(found)
        chosen = all(indexed(clause, found) for clause in sorted_.clauses)
        assert query.holds(record, NOW) == (chosen and sorted_.keeps(record, NOW)), found
