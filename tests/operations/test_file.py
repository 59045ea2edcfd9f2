"""The file of an operation: written as it is chosen, read back byte for byte."""

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import FileProblem, Refused
from jobctl.model.layout import Kind
from jobctl.model.operation import Header
from jobctl.model.verbs import Change, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.selection import Selection
from tests.builders import job

HEADER = Header("7f3a09c2", Kind.RETRIES, Change(Verb.KILL), "redis://localhost:6379/0")
ODD = [
    job("jid-00000001", args=["Zoë", "\U0001f600"]),
    b'{"jid":"two\nlines"}',
    b"\xff\xfe not text",
    b"",
    b"[1,2]",
    b'{"cut":',
    b'\xef\xbb\xbf{"jid":"behind a mark"}',
    b'{"args":[{"score":1,"job":2}],"b64":"x"}',
]


@pytest.fixture
def new(tmp_path):
    def make(header=HEADER):
        return OperationFile.create(tmp_path / "7f3a09c2.jsonl", header)

    return make


def write(file, members, scores=None):
    chosen = Selection()
    scores = scores or [b"%d.5" % i for i in range(len(members))]
    file.choose(members, scores, decoded=False, selection=chosen)
    chosen.settle(file.read)
    return chosen


def read(file, chosen):
    return [file.read(*place) for place in chosen.places(0, len(chosen))]


def test_members_come_back_byte_for_byte(new):
    with new() as file:
        assert read(file, write(file, ODD)) == ODD


@given(st.lists(st.binary(max_size=40), unique=True, max_size=20))
def test_any_bytes_come_back_also_in_another_process(tmp_path_factory, members):
    path = tmp_path_factory.mktemp("file") / "7f3a09c2.jsonl"
    with OperationFile.create(path, HEADER) as file:
        write(file, members)
        file.note({"chosen": {"matched": len(members)}})
    with OperationFile.open(path) as file:
        chosen = file.again()
        chosen.settle(file.read)
        assert read(file, chosen) == members
        assert file.notes() == [{"chosen": {"matched": len(members)}}]


def test_every_line_is_json_and_a_job_stands_in_it_as_it_is(new):
    with new() as file:
        write(file, ODD, [b"1790000000.25", b"inf", b"-inf", *[b"%d" % i for i in range(5)]])
        lines = file.path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    decoded = [json.loads(line) for line in lines]
    assert decoded[1] == {"score": 1790000000.25, "job": json.loads(ODD[0])}
    assert ODD[0] in lines[1]
    assert decoded[2]["score"] == "inf"


def test_only_its_owner_can_read_it(new):
    with new() as file:
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_long_tail_of_notes_is_found_behind_the_jobs(new):
    with new() as file:
        write(file, [job(f"jid-{i:08d}") for i in range(3000)])
        notes = [{"result": i, "outcome": "d500"} for i in range(20_000)]
        for note in notes:
            file.note(note)
        assert file.notes() == notes


def test_a_line_that_was_cut_off_is_left_out_and_the_next_one_stands_alone(new):
    with new() as file:
        write(file, ODD)
        file.note({"chosen": {"matched": 1}})
    with file.path.open("ab") as raw:
        raw.write(b'{"batch":{"numb')
    with OperationFile.open(file.path) as file:
        file.note({"result": 1, "outcome": "d1"})
        assert file.notes() == [{"chosen": {"matched": 1}}, {"result": 1, "outcome": "d1"}]


def test_nobody_else_can_work_on_it_meanwhile(new):
    with new() as file:
        with pytest.raises(Refused, match="another jobctl is working on 7f3a09c2"):
            OperationFile.open(file.path)
        with OperationFile.open(file.path, write=False) as looked_at:
            assert looked_at.header == HEADER
    with OperationFile.open(file.path) as later:
        assert later.header == HEADER


@pytest.mark.parametrize(
    "text", [b"not json\n", b"[]\n", b"{}\n", b'{"jobctl":99}\n', b'{"jobctl":1,"kind":"x"}\n']
)
def test_another_file_is_told_apart(tmp_path, text):
    path = tmp_path / "odd.jsonl"
    path.write_bytes(text)
    with pytest.raises(FileProblem, match="no operation that this version"):
        OperationFile.open(path)


@pytest.mark.parametrize("text", [b"", b'{"jobctl":1,"oper', b"\0" * 100])
def test_a_file_whose_header_was_never_written_says_that_nothing_was_chosen(tmp_path, text):
    path = tmp_path / "7f3a09c2.jsonl"
    path.write_bytes(text)
    for write in (True, False):
        with pytest.raises(Refused, match="stopped before anything was chosen"):
            OperationFile.open(path, write=write)


def test_a_file_that_is_there_is_never_written_over(new):
    new().close()
    with pytest.raises(FileExistsError):
        new()


def test_a_directory_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(FileProblem, match="cannot make the operation's file"):
        OperationFile.create(tmp_path / "nowhere" / "x.jsonl", HEADER)
