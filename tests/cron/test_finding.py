"""What findings are called, and that the docs name each of them."""

import re
from pathlib import Path

from jobctl.cron import doubt
from jobctl.cron.finding import Code

PAGE = Path(__file__).parent.parent.parent / "docs" / "cron.md"


def test_the_docs_name_every_code_and_no_other():
    _, _, table = PAGE.read_text().partition("## Every finding")
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}
    assert named == {*(code.value for code in Code), *(code.value for code in doubt.Code)}
