"""Why the server cannot read its files as one document of TOML, and in which of them."""

import pytest

from tests.cron.tables import ON, crontab, job, told


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a = ", 1, 5, "invalid value"),
        ("[a\nb = 1", 1, 3, "expected"),
        ("a = 1\nb = 'c", 2, 7, ""),
        ('a = """', 1, 8, "not closed"),
        ("a = [1,\n", 1, 8, ""),
        ("a = 1 b = 2", 1, 7, "expected newline"),
        ("a = 01", 1, 6, "expected newline"),
        ("a = 9223372036854775808", 1, 5, "64 bits"),
        ("[x]\ny = [{a = [-9223372036854775809]}]", 2, 5, "64 bits"),
        ("a = [-inf, 1e400]", 1, 5, "64 bits"),
        ("a = {b = 1, b = 2}", 1, 18, ""),
        ("a = 1\r\nb = 2\rc", 2, 6, ""),
        ("\n#\r\r\n", 2, 2, "carriage return"),
        ("a" * 5000, 1, 5001, "expected '='"),
    ],
)
def test_what_is_no_toml_is_one_error_where_it_stands(text, line, column, words):
    found = crontab(text)
    ((level, code, its, at),) = told(found)
    assert (level, code, its) == ("error", "toml", line)
    assert at == pytest.approx(column, abs=1)  # behind the key in some versions of tomllib
    assert words in found.findings[0].message
    assert (found.entries, found.enabled) == ((), False)


@pytest.mark.parametrize(
    "text", ["a = 9223372036854775807", "a = -9223372036854775808", "a = [+inf, -inf, 1e308]"]
)
def test_numbers_of_64_bits_are_fine(text):
    assert [each.code for each in crontab(text).findings] == ["no-entries"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"a = {'[' * 100_000}", 1),
        (job(f"custom.{'a.' * 300}a = 1"), 1),
        (job(f"custom = {{{'a.' * 300}a = 1}}"), 1),
    ],
)
def test_what_is_nested_too_deeply_is_an_error_and_no_traceback(text, line):
    assert told(crontab(text)) == [("error", "toml", line, 1)]


@pytest.mark.parametrize(
    ("texts", "place", "message", "hint"),
    [
        ((ON, "[cron_plugin]\n"), ("b.toml", 1, 1),
         "[cron_plugin] cannot be set again: it is set in a.toml line 1",
         "keep one of them: the server reads all of its files as one document"),
        ((ON + job("retry = 1\nretry = 2"),), ("a.toml", 8, 1),
         "retry cannot be set again: it is set in line 7", "keep one of them"),
        ((ON + "enabled = [\n1,\n]",), ("a.toml", 3, 1),
         "enabled cannot be set again: it is set in line 2", "keep one of them"),
        ((ON + job(), "\n# more\ntype = 'B'\n"), ("b.toml", 3, 1),
         "type cannot be set again: it is set in a.toml line 6",
         "begin the file with a header: without one it goes on in [cron.job]"),
        (("[cron]\nx = 1", "[[cron]]"), ("b.toml", 1, 1),
         "[[cron]] cannot be set again: it is set in a.toml line 1",
         "begin each of them with [[cron]], in two pairs of brackets"),
        (("cron = 3\n[cron.job]\n",), ("a.toml", 2, 1),
         "[cron.job] cannot be set again: it is set in line 1", "keep one of them"),
    ],
)  # fmt: skip
def test_what_is_set_twice_names_both_places(texts, place, message, hint):
    (finding,) = crontab(*texts, directory=True).findings
    assert (finding.file, finding.line, finding.column) == place
    assert (finding.message, finding.hint) == (message, hint)


def test_a_byte_order_mark_that_is_not_the_first_thing_is_named():
    (finding,) = crontab(ON, "\ufeff[x]").findings
    assert (finding.file, finding.line, finding.code) == ("b.toml", 1, "toml")
    assert "byte order mark" in (finding.hint or "")
    assert told(crontab("\ufeff" + ON + job())) == [("warning", "byte-order-mark", 1, 1)]


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_string_that_is_not_closed_is_named(quote):
    (finding,) = crontab(f"[[cron]]\nschedule = {quote}@daily\n").findings
    assert (finding.code, finding.line, finding.column) == ("toml", 2, 19)
    assert finding.message == "a string is not closed"
    assert finding.hint == "close it with the quotes it begins with"
