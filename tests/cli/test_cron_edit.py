"""jobctl cron add and rm: into a file, and out of it."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from pathlib import Path

import pytest

FILE = """# cron
[cron_plugin]
enabled = true

# Each morning
[[cron]]
schedule = "0 6 * * *"
[cron.job]
type = "Report"

[[cron]]
schedule = "@hourly"
[cron.job]
type = "Sweep"
"""
TWICE = ("--schedule", "@hourly", "--type", "Sweep")
MAIL = ("--schedule", "30 9 * * MON-FRI", "--type", "Mail")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cron.toml"
    file.write_text(FILE)
    return file


def changes(before: str, after: str) -> list[str]:
    return [d for d in difflib.ndiff(before.splitlines(), after.splitlines()) if d[0] in "+-"]


def test_add_says_where_the_entry_is_and_gives_its_row(file, jobctl):
    ran = jobctl(
        "cron", "add", "cron.toml", *MAIL, "--queue", "low", "--retry", "3", "--reserve-for", "600",
        "--args", '[7, "x"]', "--custom", '{"track": 1}', "--comment", "Before nine", "-o", "json",
    )  # fmt: skip
    assert ran.code == 0
    assert json.loads(ran.out) == [
        {
            "file": "cron.toml",
            "line": 17,
            "entry": 3,
            "schedule": "30 9 * * MON-FRI",
            "jobtype": "Mail",
            "queue": "low",
        }
    ]
    assert ran.err == "added entry 3 at line 17: at 09:30, Monday to Friday\n"
    assert changes(FILE, file.read_text()) == [
        "+ ",
        "+ # Before nine",
        "+ [[cron]]",
        '+ schedule = "30 9 * * MON-FRI"',
        "+ [cron.job]",
        '+ type = "Mail"',
        '+ queue = "low"',
        "+ retry = 3",
        "+ reserve_for = 600",
        '+ args = [7, "x"]',
        "+ [cron.job.custom]",
        "+ track = 1",
    ]
    assert jobctl("cron", "validate", "cron.toml").code == 0


@pytest.mark.parametrize("verb", [("add", *MAIL), ("rm", "--entry", "1")])
def test_a_dry_run_prints_the_diff_and_changes_nothing(file, jobctl, verb):
    name, *rest = verb
    ran = jobctl("cron", name, "cron.toml", *rest, "-n")
    assert (ran.code, ran.err) == (0, "")
    assert file.read_text() == FILE
    assert ran.out.startswith("--- cron.toml\n+++ cron.toml\n@@")
    jobctl("cron", name, "cron.toml", *rest)
    assert patched(FILE, ran.out) == file.read_text()


def patched(text: str, diff: str) -> str:
    """Apply a unified diff, as patch does."""
    lines, out, at = text.splitlines(keepends=True), [], 0
    for line in diff.splitlines(keepends=True)[2:]:
        if line.startswith("@@"):
            _, old, new, _ = line.split()
            start, count = map(int, old[1:].split(","))
            start -= count > 0
            out += lines[at:start]
            at = start
            assert len(out) == int(new[1:].split(",")[0]) - (not new.endswith(",0"))
        elif line[0] in " -":
            assert lines[at] == line[1:]
            at += 1
            out += [line[1:]] if line[0] == " " else []
        else:
            out.append(line[1:])
    return "".join(out + lines[at:])


def test_among_many_alike_the_diff_is_that_of_the_entry_alone(file, jobctl):
    entry = '\n[[cron]]\nschedule = "{} 0 * * *"\n[cron.job]\ntype = "A"\n'
    text = FILE + "".join(entry.format(i % 60) for i in range(300))
    file.write_text(text)
    for numbers, gone in ((("20",), 5), (("3", "150", "302"), 15)):
        chosen = [word for number in numbers for word in ("--entry", number)]
        out = jobctl("cron", "rm", "cron.toml", *chosen, "-n").out
        assert sum(line.startswith("-") for line in out.splitlines()[2:]) == gone
        jobctl("cron", "rm", "cron.toml", *chosen)
        assert patched(text, out) == file.read_text()
        file.write_text(text)
    out = jobctl("cron", "add", "cron.toml", *MAIL, "-n").out
    assert len(out.splitlines()) == 3 + 3 + 5


def test_a_dry_run_for_programs_is_rows_and_the_diff_is_talk(file, jobctl):
    ran = jobctl("cron", "add", "cron.toml", *MAIL, "-n", "-o", "ids")
    assert ran.out == "cron.toml:16\n"
    assert '+schedule = "30 9 * * MON-FRI"\n' in ran.err
    assert file.read_text() == FILE


def test_a_diff_on_a_terminal_is_coloured_and_cannot_move_the_cursor(file, jobctl):
    file.write_text(f"# \x9b2J\u202e{FILE}")
    ran = jobctl("cron", "rm", "cron.toml", "--entry", "1", "-n", tty=True)
    assert "\x1b[31m-type" in ran.out.replace(" ", "")
    assert "\x9b" not in ran.out
    assert "\u202e" not in ran.out


@pytest.mark.parametrize("line", ["5", "6", "7", "8", "9"])
def test_any_line_of_an_entry_names_it(file, jobctl, line):
    ran = jobctl("cron", "rm", "cron.toml", "--line", line, "-o", "json")
    assert ran.code == 0
    assert [row["line"] for row in json.loads(ran.out)] == [6]
    assert changes(FILE, file.read_text()) == [
        "- ",
        "- # Each morning",
        "- [[cron]]",
        '- schedule = "0 6 * * *"',
        "- [cron.job]",
        '- type = "Report"',
    ]
    assert '-type = "Report"\n' in ran.err
    assert ran.err.endswith("removed entry 1 at line 6: at 06:00 every day\n")


def test_several_entries_go_at_once_by_line_and_by_number(file, jobctl):
    jobctl("cron", "add", "cron.toml", *MAIL)
    ran = jobctl(
        "cron", "rm", "cron.toml", "--line", "6", "--line", "9", "--entry", "3", "-o", "ids"
    )
    assert ran.out == "cron.toml:6\ncron.toml:16\n"
    assert jobctl("cron", "ls", "cron.toml", "-o", "ids").out == "cron.toml:5\n"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["rm", "cron.toml"], 2, "error: rm takes --line N or --entry N"),
        (["rm", "cron.toml", "--line", "4"], 4, "hint: entries begin at lines 5, 11"),
        (["rm", "cron.toml", "--entry", "3"], 4, "hint: there are 2 entries"),
        (["rm", "cron.toml", "--entry", "0"], 4, "there is no entry 0"),
        (["rm", "no.toml", "--entry", "1"], 4, "no.toml: "),
        (["rm", ".", "--entry", "1"], 8, "it is a directory"),
        (["rm", "-", "--entry", "1"], 2, "- is stdin elsewhere"),
        (["add", "-", *MAIL], 2, "- is stdin elsewhere"),
        (
            ["rm", "cron.toml", "--entry", "1", "--entry", "2", "--strict"],
            8,
            "the plugin is on, and there is no entry",
        ),
        (["add", "cron.toml", "--schedule", "30 25 * * *", "--type", "A"], 2, "\n     ^\n"),
        (["add", "cron.toml", *MAIL, "--queue", "a b"], 2, "no name of a queue"),
        (["add", "cron.toml", *MAIL, "--reserve-for", "86401"], 2, "reserve_for is 86,401"),
        (["add", "cron.toml", *MAIL[:3], ""], 2, "type is empty"),
        (["add", "cron.toml", "--schedule", "0 0 30 2 *", "--type", "A"], 2, "never fires"),
        (["add", "cron.toml", *MAIL, "--args", "[null]"], 2, "TOML has no null"),
        (["add", "cron.toml", *MAIL, "--args", "{}"], 2, "--args takes a JSON array"),
        (["add", "cron.toml", *MAIL, "--args", "[1"], 2, "--args is no JSON"),
        (["add", "cron.toml", *MAIL, "--args", "[1e999]"], 2, "too long a number"),
        (["add", "cron.toml", *MAIL, "--custom", "[]"], 2, "--custom takes a JSON object"),
        (["add", "no/cron.toml", *MAIL, "--enable"], 4, "there is no folder"),
        (["add", "cron.toml", *TWICE, "--strict"], 8, "--strict: 1 warning; nothing was changed"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_is_changed(file, jobctl, argv, code, said):
    ran = jobctl("cron", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert file.read_text() == FILE
    assert [path.name for path in file.parent.iterdir()] == ["cron.toml"]


def test_a_warning_is_said_and_does_not_stop_it(file, jobctl):
    ran = jobctl("cron", "add", "cron.toml", "--schedule", "@hourly", "--type", "Sweep")
    assert ran.code == 0
    assert ran.err.startswith("warning: cron.toml:16: the same schedule and job as entry 2")
    assert ran.err.endswith("added entry 3 at line 16: every hour, on the hour\n")


def test_errors_that_were_there_before_do_not_stop_it(file, jobctl):
    file.write_text(FILE.replace("@hourly", "@Hourly"))
    ran = jobctl("cron", "add", "cron.toml", *MAIL)
    assert ran.code == 0
    assert "Hourly" not in ran.err


def test_a_new_file_turns_the_plugin_on_only_where_that_is_asked_for(file, jobctl):
    ran = jobctl("cron", "add", "new.toml", *MAIL)
    assert ran.code == 0
    assert (
        "warning: new.toml:1: without [cron_plugin] this is read as Faktory Enterprise" in ran.err
    )
    assert "made new.toml; added entry 1 at line 1: " in ran.err
    ran = jobctl("cron", "add", "on.toml", *MAIL, "--enable")
    assert (
        ran.err
        == "made on.toml; added [cron_plugin], and entry 1 at line 4: at 09:30, Monday to Friday\n"
    )
    assert Path("on.toml").read_text().startswith("[cron_plugin]\nenabled = true\n\n[[cron]]\n")


@pytest.fixture
def folder(file, jobctl) -> Path:
    folder = file.parent / "conf.d"
    folder.mkdir()
    (folder / "a.toml").write_text(FILE)
    (folder / "c.toml").write_text('[[cron]]\nschedule = "@daily"\n[cron.job]\ntype = "C"\n')
    return folder


def test_a_file_of_a_folder_is_judged_with_the_others_there(folder, jobctl):
    ran = jobctl("cron", "add", "conf.d/b.toml", *MAIL)
    assert ran.err == "made conf.d/b.toml; added entry 1 at line 1: at 09:30, Monday to Friday\n"
    ran = jobctl("cron", "add", "conf.d/b.toml", "--schedule", "@daily", "--type", "C", "-n")
    assert "the same schedule and job as entry" in ran.err
    assert "conf.d/b.toml" in ran.err
    assert jobctl("cron", "rm", "conf.d/c.toml", "--entry", "1").code == 0
    ran = jobctl("cron", "add", "conf.d/b.toml", *MAIL, "--enable")
    assert ran.code == 8
    assert "[cron_plugin] cannot be set again" in ran.err


@pytest.mark.parametrize(
    ("plugins", "custom", "code", "said"),
    [
        ("", '{"expires_in": 60}', 2, "expires_in is no text of a duration"),
        ("", '{"expires_in": "1h"}', 0, None),
        ("", '{"unique_for": 0}', 0, "unique_for has no effect"),
        ("[uniq]\nenabled = true\n", '{"unique_for": 0}', 8, "each firing is refused"),
        ("[uniq]\nenabled = true\n", '{"unique_for": 60}', 0, None),
    ],
)
def test_what_plugins_make_of_an_entry_is_told_by_its_folder(
    folder, jobctl, plugins, custom, code, said
):
    (folder / "d.toml").write_text(plugins)
    ran = jobctl("cron", "add", "conf.d/b.toml", *MAIL, "--custom", custom)
    assert ran.code == code
    told = [line for line in ran.err.splitlines() if line.startswith(("error: ", "warning: "))]
    assert [said in line for line in told] == ([] if said is None else [True])


def test_keys_of_the_next_file_that_would_fall_into_another_table_are_told_of(folder, jobctl):
    (folder / "c.toml").write_text("queue = 'low'\n")
    ran = jobctl("cron", "rm", "conf.d/a.toml", "--entry", "2")
    assert ran.code == 0
    ran = jobctl("cron", "add", "conf.d/b.toml", *MAIL, "--queue", "high")
    assert ran.code == 8
    assert "nothing was changed" in ran.err
    assert not (folder / "b.toml").exists()


def test_a_plain_start_does_not_load_what_only_edits_need():
    code = (
        "import sys\nimport jobctl.cli.cron\n"
        "print([m for m in ('tomlkit', 'tomllib', 'rich', 'croniter') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_a_last_line_without_a_break_is_told_on_a_line_of_its_own(file, jobctl):
    file.write_text(file.read_text().rstrip("\n"))
    ran = jobctl("cron", "rm", str(file), "--entry", "2")
    assert '\n-type = "Sweep"\n\\ No newline at end of file\nremoved ' in ran.err
