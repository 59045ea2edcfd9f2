"""The docs name every code of a finding."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
PAGE = TOP / "docs" / "cron.md"
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Where a code is the first or second thing in a call, or the first of a row or of what is yielded.
CALLS = {"error", "warning", "whole", "Finding", "OddText", "Unfit", "_error", "_warning", "_unfit"}


def codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            found = node.args[:4] if name in CALLS else []
        elif isinstance(node, ast.Tuple):
            found = node.elts[:1]
        for each in found:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def test_the_docs_name_every_code_and_no_other():
    _, _, table = PAGE.read_text().partition("## Every finding")
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}
    files = (TOP / "jobctl" / "cron").glob("*.py")
    made = {code for file in files for code in codes(ast.parse(file.read_text()))}
    assert named <= made
    assert {code for code in made if "-" in code and CODE.fullmatch(code)} <= named
