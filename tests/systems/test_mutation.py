"""Faktory's MUTATE documents."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl import Flags, Kind
from jobctl.errors import UsageProblem
from jobctl.model.verbs import Verb
from jobctl.systems.faktory.mutation import Mutation, read_mutation

BOB = '{"cmd":"requeue","target":"retries","filter":{"regexp":"*\\"args\\":[\\"bob\\"*"}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"cmd":"discard","target":"scheduled","filter":{"jobtype":"QuickbooksSyncJob"}}',
            Mutation(
                Verb.DISCARD, Kind.SCHEDULED, Flags(jobtypes=("QuickbooksSyncJob",), exact=True)
            ),
        ),
        (
            '{"cmd":"discard","target":"retries","filter":{"regexp":"*"}}',
            Mutation(Verb.DISCARD, Kind.RETRIES, Flags(globs=("*",), exact=True)),
        ),
        ('{"cmd":"discard","target":"retries"}', Mutation(Verb.DISCARD, Kind.RETRIES, None)),
        (
            '{"cmd":"kill","target":"retries",'
            '"filter":{"jobtype":"QuickbooksSyncJob","jids":["123456789","abcdefgh"]}}',
            Mutation(
                Verb.KILL,
                Kind.RETRIES,
                Flags(jobtypes=("QuickbooksSyncJob",), jids=("123456789", "abcdefgh"), exact=True),
            ),
        ),
        (
            BOB,
            Mutation(Verb.REQUEUE, Kind.RETRIES, Flags(globs=('*"args":\\["bob"*',), exact=True)),
        ),
        (b' {"target":"dead","cmd":"clear"}\n', Mutation(Verb.CLEAR, Kind.DEAD, None)),
        (b'MUTATE {"target":"dead","cmd":"clear"}', Mutation(Verb.CLEAR, Kind.DEAD, None)),
    ],
)
def test_the_documentations_own_examples_read(text, expected):
    assert read_mutation(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("MUTATE ", "empty"),
        ("MUTATED {}", "is not JSON"),
        (" \n", "empty"),
        ("[]", "must be an object, not an array"),
        ("null", "must be an object, not null"),
        ("7", "must be an object, not a number"),
        ('"kill"', "must be an object, not a string"),
        ("{}", "cmd is missing"),
        ('{"cmd":"kill"}', "target is missing"),
        ('{"cmd":"kil","target":"dead"}', "cmd: there is no 'kil'"),
        ('{"cmd":7,"target":"dead"}', "cmd must be a string, not a number"),
        ('{"cmd":"kill","target":"working"}', "target: there is no 'working'"),
        ('{"cmd":"kill","target":"default"}', "target: there is no 'default'"),
        ('{"cmd":"kill","target":["dead"]}', "target must be a string, not an array"),
        ('{"cmd":"kill","target":"dead","filter":{}}', "filter is empty"),
        ('{"cmd":"kill","target":"dead","filter":null}', "filter must be an object, not null"),
        ('{"cmd":"kill","target":"dead","filter":[]}', "filter must be an object, not an array"),
        ('{"cmd":"kill","target":"dead","filter":{"jids":[]}}', "filter.jids is empty"),
        ('{"cmd":"kill","target":"dead","filter":{"jids":"x"}}', "filter.jids must be an array"),
        ('{"cmd":"kill","target":"dead","filter":{"jids":[1]}}', "filter.jids must be a string"),
        ('{"cmd":"kill","target":"dead","filter":{"jids":[""]}}', "filter.jids is empty"),
        ('{"cmd":"kill","target":"dead","filter":{"jobtype":""}}', "filter.jobtype is empty"),
        ('{"cmd":"kill","target":"dead","filter":{"jobtype":["a"]}}', "filter.jobtype must be a"),
        ('{"cmd":"kill","target":"dead","filter":{"regexp":""}}', "filter.regexp is empty"),
        ('{"cmd":"kill","target":"dead","filter":{"regexp":true}}', "not true or false"),
        ('{"cmd":"kill","target":"dead","filter":{"jobtpye":"x"}}', "unknown key 'jobtpye'"),
        ('{"cmd":"kill","target":"dead","filters":{}}', "unknown key 'filters'"),
        ('{"cmd":"kill","cmd":"kill","target":"dead"}', "the key 'cmd' twice"),
        ('{"cmd":"clear","target":"dead","filter":{"jobtype":"x"}}', "clear takes no filter"),
        ('{"cmd":"kill","target":"dead"} x', "not JSON"),
        ("{'cmd':'kill'}", "not JSON"),
        (b"\xff", "not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"cmd": {"9" * 5000}}}', "cannot be read"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(text, words):
    with pytest.raises(UsageProblem) as caught:
        read_mutation(text)
    assert words in caught.value.message


def test_a_mistake_in_the_json_is_shown_where_it_is():
    with pytest.raises(UsageProblem) as caught:
        read_mutation('{"cmd":"kill",\n"target" "dead"}')
    assert caught.value.at == ('"target" "dead"}', 9)


@pytest.mark.parametrize(
    ("typed", "read"),
    [("a[bc]d", "a[bc]d"), ("a[b", "a\\[b"), ("a\\[b", "a\\[b"), ("[^a]", "[^a]"), ("[", "\\["),
     ("[[]", "[[]"), ("[a\\]", "\\[a\\]"), ("a]", "a]"), ("[]]", "[]]"), ("[a-]", "\\[a-]")],
)  # fmt: skip
def test_only_a_bracket_without_its_end_stands_for_itself(typed, read):
    document = {"cmd": "kill", "target": "dead", "filter": {"regexp": typed}}
    assert read_mutation(json.dumps(document)).flags.globs == (read,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["cmd", "target", "filter", "jids", "jobtype", "regexp", "x"]), inner
    ),
    max_leaves=8,
)  # fmt: skip


@given(json_values | st.fixed_dictionaries({
    "cmd": st.sampled_from(["kill", "discard", "clear", "x"]), "target": st.just("dead"),
    "filter": json_values,
}))  # fmt: skip
def test_any_json_is_read_or_refused(document):
    try:
        found = read_mutation(json.dumps(document))
    except UsageProblem:
        return
    assert (found.flags is None) == ("filter" not in document)
    assert found.flags is None or found.flags.where()
