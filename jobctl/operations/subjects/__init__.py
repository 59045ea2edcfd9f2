"""What operations work on: jobs in sets, reservations, records, whole queues."""

from __future__ import annotations

from jobctl.model.layout import Kind, Layout
from jobctl.operations.file import OperationFile
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Subject
from jobctl.operations.subjects.jobs import JobSubject


def subject_of(file: OperationFile, selection: Selection, layout: Layout) -> Subject:
    """Return what the operation of a file works on, batch by batch."""
    if file.header.kind is not Kind.RECORDS:
        return JobSubject(file, selection, layout)
    from jobctl.operations.subjects.records import RecordSubject  # only records need it

    return RecordSubject(file, selection)
