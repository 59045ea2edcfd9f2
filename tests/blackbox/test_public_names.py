"""The public Python names, and a program that uses them."""

from __future__ import annotations

import jobctl
from jobctl import Guards, Where, connect
from tests.blackbox.keyspace import Keyspace
from tests.blackbox.normal import Normal
from tests.blackbox.recorded import FOLDER, check
from tests.blackbox.shop import jobs


def test_names():
    found = {name: getattr(jobctl, name) for name in sorted(jobctl.__all__)}
    lines = [f"{name} ({type(value).__name__})" for name, value in found.items()]
    check(FOLDER / "names.data.txt", "names", lines)


def test_a_program(raw, url, tmp_path):
    jobs(raw)
    normal = Normal(tmp_path, url)
    keyspace = Keyspace(raw, normal.plain)
    lines = []
    with connect(url, operations=tmp_path / "operations") as store:
        lines.append(f"retries: {' '.join(e.jid or '-' for e in store.retries.walk(limit=10))}")
        report = store.retries.kill(Where.parse("type=SendEmail"), guards=Guards(expect=3))
        lines.append(f"killed: {report.matched} {report.done} {report.gone} {report.failed}")
        lines += keyspace.changes()
        back = store.undo(report.operation)
        lines += [f"undone: {back.matched} {back.done} {back.gone}", *keyspace.changes()]
    normal.learn(report.operation)
    check(FOLDER / "names.data.txt", "a program", normal.plain("\n".join(lines)).splitlines())
