"""Rows for programs: json, jsonl, csv, tsv and ids; values exactly as they are, in a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from jobctl.filter.values import to_field
from jobctl.model.jsontext import dumps, text_of
from jobctl.model.rows import Row
from jobctl.render.formats import Format, Writable

_FLUSH_AT = 64 * 1024
_HELD = 1000  # values
_QUOTED_IN_CSV = re.compile(r'[",\r\n]')
_BREAKS = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write_rows(
    out: Writable,
    fmt: Format,
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    ident: str = "jid",
    header: bool = True,
) -> None:
    """Write rows in a machine format.

    Args:
        out: where the bytes go.
        fmt: json, jsonl, csv, tsv or ids.
        rows: read one by one.
        columns: the keys csv and tsv show, in order.
        ident: the key that ids prints: what other commands take. Rows without it are left out.
        header: whether csv and tsv begin with the keys.
    """
    held: list[bytes] = []
    size = 0
    try:
        for piece in _pieces(fmt, rows, columns, ident, header):
            large = len(piece) >= _FLUSH_AT  # it goes alone: a join would copy it
            if not large:
                held.append(piece)
                size += len(piece)
            if large or size >= _FLUSH_AT:
                ready, size = b"".join(held), 0
                held.clear()
                out.write(ready)
            if large:
                out.write(piece)
            del piece
    finally:  # what was read before Redis went away is written all the same
        out.write(b"".join(held))


def _pieces(
    fmt: Format, rows: Iterable[Row], columns: Sequence[str], ident: str, header: bool
) -> Iterable[bytes]:
    if fmt is Format.JSON:
        return _json(rows)
    if fmt is Format.JSONL:
        return map(_line, rows)
    if fmt is Format.CSV:
        return _lines(rows, columns, header, ",", _as_csv, empty='""')
    if fmt is Format.TSV:
        return _lines(rows, columns, header, "\t", _as_tsv)
    return _ids(rows, ident)


def write_document(out: Writable, document: object, *, indent: bool) -> None:
    """Write one JSON document, indented for people or on one line."""
    out.write(dumps(document, indent=indent))
    out.write(b"\n")


def write_list_in(
    out: Writable, document: Mapping[str, object], key: str, values: Iterable[object]
) -> None:
    """Write one JSON document whose last key is a list, read value by value."""
    head = dumps({**document, key: []}, indent=True)
    before = head[: head.rindex(b"]")] + b"\n    "
    empty = True
    held: list[bytes] = []
    for value in values:
        held.append(before + dumps(value))
        before, empty = b",\n    ", False
        if len(held) == _HELD:
            out.write(b"".join(held))
            held = []
    held.append(head + b"\n" if empty else b"\n  ]\n}\n")
    out.write(b"".join(held))


def cell(value: object) -> str:
    """Return a value as the text of a csv or tsv cell; empty for null."""
    return "" if value is None else text_of(value)


def _field(row: Row, column: str) -> str:
    """Return the text of a field; ``malformed`` is that word or empty."""
    if column == "malformed":
        return column if row.get(column) else ""
    return cell(row.get(column))


def _line(row: Row) -> bytes:
    return dumps(row, newline=True)


def _json(rows: Iterable[Row]) -> Iterable[bytes]:
    before = b"[\n"
    for text in map(dumps, rows):  # no row is held while the next one is read: it may be large
        yield before
        yield text
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _lines(
    rows: Iterable[Row],
    columns: Sequence[str],
    header: bool,
    separator: str,
    field: Callable[[Row, str], str],
    *,
    empty: str = "",
) -> Iterable[bytes]:
    # The header goes out with the first row: none, if Redis fails before.
    before = separator.join(columns) + "\n" if header else ""
    for row in rows:
        cells = [field(row, column) for column in columns]
        line = separator.join(cells) or empty * len(cells)
        del cells, row
        if before:
            yield _bytes(before)
            before = ""
        yield _bytes(line)
        yield b"\n"
    yield _bytes(before)


def _as_csv(row: Row, column: str) -> str:
    """Quote a field as RFC 4180 says; Python's csv would take four bytes a character."""
    text = _field(row, column)
    if _QUOTED_IN_CSV.search(text):
        text = text.replace('"', '""')
        text = f'"{text}"'
    return text


def _as_tsv(row: Row, column: str) -> str:
    """Escape a field; not backslashes of a filter, which is pasted into a shell."""
    text = _field(row, column)
    return text.translate(_BREAKS) if column == "filter" else to_field(text)


def _ids(rows: Iterable[Row], ident: str) -> Iterable[bytes]:
    return (
        _bytes(to_field(cell(row[ident])) + "\n")
        for row in rows
        if row[ident] is not None and not isinstance(row[ident], dict | list)
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
