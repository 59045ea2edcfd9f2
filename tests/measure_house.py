"""Measure the package: ``python tests/measure_house.py [CHECKOUT]`` prints the table of it.

tests/test_house.py holds what is structure. Where nothing else is said, a number is of jobctl/.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from types import FrameType

TOP = Path(__file__).parent.parent
BASELINE = ("c444a4b", 30_144)  # before this work: a commit, and its lines of code
WALKS = {
    "status": ("status", "died-0001"),
    "kill": ("retries", "kill", "--jid", "retry-01", "--yes"),
    "hold": ("queue", "hold", "default", "--", "true"),
    "query": ("query", "-w", "state=failed"),
    "delete": ("record", "delete", "-w", "state=failed", "--yes"),
    "remove": ("queue", "remove", "hooks", "--confirm", "hooks"),
}
MOST_FILES = {"status": 28, "kill": 34, "hold": 28, "query": 28, "delete": 36, "remove": 36}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTED = (ast.Module, ast.ClassDef, *_FUNCTION)
_NO_CODE = (
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
)  # fmt: skip


def python_files(top: Path = TOP) -> list[Path]:
    """Return the package's Python files."""
    return sorted((top / "jobctl").rglob("*.py"))


def lua_files(top: Path = TOP) -> list[Path]:
    """Return the package's Lua scripts."""
    return sorted((top / "jobctl").rglob("*.lua"))


def code_lines(file: Path) -> int:
    """Count the lines of a file without blanks, comments and docstrings."""
    text = file.read_text()
    if file.suffix == ".lua":
        lines = map(str.strip, text.splitlines())
        return sum(1 for line in lines if line and not line.startswith("--"))
    documented = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = (range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in _NO_CODE)
    return len({line for lines in code for line in lines} - documented)


def functions(top: Path = TOP) -> Iterator[tuple[int, str]]:
    """Yield the length of each function without its docstring, in lines, and where it is."""
    for file in python_files(top):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, _FUNCTION):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if ast.get_docstring(node) is not None:
                    lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
                yield lines, f"{file.relative_to(top)}:{node.lineno} {node.name}"


def class_names_used_twice(top: Path = TOP) -> dict[str, int]:
    """Return the public classes that two files define, but for parallel packages of systems/."""
    found = Counter(
        node.name
        for file in python_files(top)
        if "systems" not in file.parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return {name: count for name, count in found.items() if count > 1}


def file_names_used_twice(top: Path = TOP) -> dict[str, int]:
    """Return the file names that recur outside of cli/, render/ and systems/."""
    found = Counter(
        file.name
        for file in python_files(top)
        if not {"cli", "render", "systems"} & set(file.relative_to(top).parts)
        and file.name != "__init__.py"
    )
    return {name: count for name, count in found.items() if count > 1}


def imports_in_functions(top: Path = TOP) -> list[str]:
    """Return where a function imports."""
    return [
        f"{file.relative_to(top)}:{node.lineno}"
        for file in python_files(top)
        for outer in _functions_of(ast.parse(file.read_text()))
        for node in ast.walk(outer)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]


def _functions_of(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the outermost functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTION):
            yield child
        else:
            yield from _functions_of(child)


def circles(top: Path = TOP, *, typing: bool = False) -> list[list[str]]:
    """Return the circles of files that import each other, the largest first.

    Imports inside functions count; those for the type checker alone only with `typing`.
    """
    names = {_module(file, top): file for file in python_files(top)}
    graph = {name: _imports(name, file, names, typing) for name, file in names.items()}
    return sorted((c for c in _components(graph) if len(c) > 1), key=len, reverse=True)


def _module(file: Path, top: Path) -> str:
    return ".".join(file.relative_to(top).with_suffix("").parts).removesuffix(".__init__")


def _imports(name: str, file: Path, names: Iterable[str], typing: bool) -> set[str]:
    """Return the package's files that one imports: of ``from a import b`` a.b, if it is one."""
    found: set[str] = set()
    for node in _nodes(ast.parse(file.read_text()), typing):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in names else node.module)
    return {module for module in found if module in names and module != name}


def _nodes(node: ast.AST, typing: bool) -> Iterator[ast.AST]:
    """Yield all nodes, without those under TYPE_CHECKING where they do not count."""
    for child in ast.iter_child_nodes(node):
        if not typing and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _nodes(child, typing)


def _components(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return found


def walk(argv: Sequence[str], url: str, top: Path = TOP, **environ: str) -> list[str]:
    """Run a command in a process of its own; return the files in which a function ran."""
    code = [sys.executable, "-P", __file__, "--walk", str(top), *argv]
    given = {"JOBCTL_URL": url, "PYTHONPATH": str(top), **environ}
    ran = subprocess.run(code, env=os.environ | given, capture_output=True, text=True, check=True)
    return list(json.loads(ran.stderr.splitlines()[-1]))


def _walk(top: Path, argv: Sequence[str]) -> None:
    """Run a command with an eye on every call, and print the files on stderr."""
    from jobctl.__main__ import main

    package = str(top / "jobctl")
    seen: set[str] = set()

    def look(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(package):
            return
        if code.co_flags & inspect.CO_NEWLOCALS and not _imports_now(frame):
            seen.add(code.co_filename)

    sys.argv = ["jobctl", *argv]
    threading.setprofile(look)
    sys.setprofile(look)
    with contextlib.suppress(SystemExit):
        main()
    sys.setprofile(None)
    print(json.dumps(sorted(os.path.relpath(file, package) for file in seen)), file=sys.stderr)


def _imports_now(frame: FrameType | None) -> bool:
    """Tell whether a call comes from a module's own code: the nearest one that is none of ours."""
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame is not None and frame.f_globals is not globals()


def walks(top: Path = TOP, *, records: bool = False) -> dict[str, int]:
    """Run each command over a few jobs, and records, on a server of its own; count its files."""
    import redis

    from jobctl import embedded
    from tests.blackbox.shop import both, jobs

    counts = {}
    with tempfile.TemporaryDirectory() as home:
        server, _ = embedded.start(Path(home) / "redis", environ=os.environ)
        try:
            for name, argv in WALKS.items():
                with redis.Redis(unix_socket_path=str(server.socket)) as raw:
                    raw.flushdb()
                    (both if records else jobs)(raw)
                counts[name] = len(walk(argv, server.url, top, XDG_STATE_HOME=home))
        finally:
            embedded.stop(Path(home) / "redis")
    return counts


def table(top: Path) -> Iterator[tuple[str, object, object]]:
    """Yield each measure, what it is, and what it may be at most."""
    python, lua = python_files(top), lua_files(top)
    code = sum(map(code_lines, [*python, *lua]))
    yield "code lines", code, f"{BASELINE[1] * 3 // 4} (0.75 of {BASELINE[1]} at {BASELINE[0]})"
    yield "files (py + lua)", f"{len(python)} + {len(lua)}", 160
    for name, count in walks(top).items():
        yield f"files run through: {' '.join(WALKS[name])}", count, MOST_FILES[name]
    matching = walks(top, records=True)
    yield (
        "the same of query and delete, where records match",
        [matching[name] for name in ("query", "delete")],
        "",
    )
    yield "public class names used twice", len(class_names_used_twice(top)), 0
    yield "file names used twice", len(file_names_used_twice(top)), 3
    yield "imports inside functions", len(imports_in_functions(top)), 60
    yield "circles of files", [len(circle) for circle in circles(top)], 0
    yield "the same with TYPE_CHECKING", [len(c) for c in circles(top, typing=True)], ""
    lengths = [len(file.read_text().splitlines()) for file in python]
    yield "largest file, median", f"{max(lengths)}, {median(lengths):g}", "450, 120 to 220"
    yield "largest function", "{} ({})".format(*max(functions(top))), 60


if __name__ == "__main__":
    if sys.argv[1:2] == ["--walk"]:
        _walk(Path(sys.argv[2]), sys.argv[3:])
    else:
        sys.path[0] = str(TOP)  # not tests/, which has a package redis
        for measure, value, most in table(Path(sys.argv[1]) if sys.argv[1:] else TOP):
            print(f"{measure:60} {value!s:45} {most}")
