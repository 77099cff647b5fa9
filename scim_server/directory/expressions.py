"""The few SQL expressions that each database spells its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, LargeBinary, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import NullType

from scim_server.directory.tables import resource


class Contains(FunctionElement[Any]):
    """``Contains(text, term)``: whether ``term`` stands in ``text``, by code point."""

    type = NullType()  # a condition as it is: SQLite's ``… = 1`` would keep it from an index
    inherit_cache = True


@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


class Searched(FunctionElement[Any]):
    """``Searched(phrase, pattern)``: resources that the trigram index proposes for a term.

    ``phrase`` is the term for SQLite's FTS5, ``pattern`` the same for PostgreSQL's LIKE. The
    proposal may be too wide, never too narrow, so :class:`Contains` decides beside it.
    """

    type = NullType()
    inherit_cache = True


@compiles(Searched, "sqlite")
def _searched_sqlite(element: Searched, compiler: SQLCompiler, **kw: Any) -> str:
    phrase, _ = element.clauses
    term = compiler.process(phrase, **kw)
    found = f"SELECT rowid FROM resource_text WHERE resource_text MATCH {term}"  # noqa: S608
    return f"{_seq(compiler)} IN ({found})"


@compiles(Searched, "postgresql")
def _searched_postgresql(element: Searched, compiler: SQLCompiler, **kw: Any) -> str:
    _, pattern = element.clauses
    return f"({compiler.process(resource.c.text, **kw)} LIKE {compiler.process(pattern, **kw)})"


class NotSought(FunctionElement[Any]):
    """``NotSought(column)``: the column, in a condition that no index should be chosen for.

    SQLite takes equalities on a list's columns for selective and would walk the whole list.
    """

    inherit_cache = True


@compiles(NotSought, "sqlite")
def _not_sought_sqlite(element: NotSought, compiler: SQLCompiler, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


@compiles(NotSought, "postgresql")
def _not_sought_postgresql(element: NotSought, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


def _seq(compiler: SQLCompiler) -> str:
    return compiler.process(resource.c.seq)


class ByCodePoint(FunctionElement[str]):
    """``ByCodePoint(expression)``: the text, compared and sorted by code point."""

    type = Text()
    inherit_cache = True


@compiles(ByCodePoint, "sqlite")
def _by_code_point_sqlite(element: ByCodePoint, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(ByCodePoint, "postgresql")
def _by_code_point_postgresql(element: ByCodePoint, compiler: SQLCompiler, **kw: Any) -> str:
    return f'({compiler.process(element.clauses, **kw)} COLLATE "C")'


class Stored(FunctionElement[Any]):
    """``Stored(keys, path, is_boolean)``: one of the folded keys of a JSON column, or NULL.

    ``path`` is an attribute path of the contract, so it may stand in the statement itself.
    """

    inherit_cache = False

    def __init__(self, keys: ColumnElement[Any], path: str, *, is_boolean: bool) -> None:
        self.path = _quoted(path)
        self.type = Boolean() if is_boolean else Text()
        super().__init__(keys)


@compiles(Stored, "sqlite")
def _stored_sqlite(element: Stored, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$.\"{element.path}\"')"


@compiles(Stored, "postgresql")
def _stored_postgresql(element: Stored, compiler: SQLCompiler, **kw: Any) -> str:
    text = f"({compiler.process(element.clauses, **kw)} ->> '{element.path}')"
    return f"{text}::boolean" if isinstance(element.type, Boolean) else text


class Beginning(FunctionElement[Any]):
    """``Beginning(text)``: as much of a text as an index holds of it."""

    type = NullType()
    inherit_cache = True


@compiles(Beginning, "sqlite")
def _beginning_sqlite(element: Beginning, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(Beginning, "postgresql")
def _beginning_postgresql(element: Beginning, compiler: SQLCompiler, **kw: Any) -> str:
    return f'"left"({compiler.process(element.clauses, **kw)}, 512)'


class Among(FunctionElement[Any]):
    """``Among(column, values, numbers)``: whether a JSON array of texts or numbers has it."""

    type = NullType()
    inherit_cache = False

    def __init__(
        self, column: ColumnElement[Any], values: ColumnElement[Any], *, numbers: bool = False
    ) -> None:
        self.suffix = "::bigint" if numbers else ""
        super().__init__(column, values)


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608 (compiled SQL)


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    # An array is taken for a few keys, each looked up; a subquery of unknown length is not.
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    rows = f"jsonb_array_elements_text(CAST({values} AS jsonb)){element.suffix}"
    return f"({column} = ANY (ARRAY(SELECT {rows})))"


class AsJson(FunctionElement[Any]):
    """``AsJson(text)``: JSON text as the value of a JSON column."""

    type = NullType()
    inherit_cache = True


@compiles(AsJson, "sqlite")
def _as_json_sqlite(element: AsJson, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(AsJson, "postgresql")
def _as_json_postgresql(element: AsJson, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS jsonb)"


class Finished(FunctionElement[bytes]):
    """``Finished(parts)``: texts and columns one after another, as bytes of UTF-8.

    One function copies each part once; a chain of ``||`` would copy the longer and longer whole.
    """

    type = LargeBinary()
    inherit_cache = False

    def __init__(self, parts: Sequence[str | ColumnElement[Any]]) -> None:
        self.parts = tuple(parts)
        super().__init__(*[each for each in parts if not isinstance(each, str)])


@compiles(Finished, "sqlite")
def _finished_sqlite(element: Finished, compiler: SQLCompiler, **kw: Any) -> str:
    shape = "".join(
        _quoted(each).replace("%", "%%") if isinstance(each, str) else "%s"
        for each in element.parts
    )
    return f"CAST(printf('{shape}', {compiler.process(element.clauses, **kw)}) AS BLOB)"


@compiles(Finished, "postgresql")
def _finished_postgresql(element: Finished, compiler: SQLCompiler, **kw: Any) -> str:
    parts = [
        f"'{_quoted(each)}'" if isinstance(each, str) else compiler.process(each, **kw)
        for each in element.parts
    ]
    return f"convert_to(concat({', '.join(parts)}), 'UTF8')"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


class Joined(FunctionElement[str]):
    """``Joined(rows)``: the texts of a select's column ``fragment``, in its order, by commas.

    ``rows`` also has a column ``place`` and is ordered by it. No rows give NULL.
    """

    type = Text()
    inherit_cache = True

    def __init__(self, rows: Select[Any]) -> None:
        super().__init__(rows.scalar_subquery())


@compiles(Joined, "sqlite")
def _joined_sqlite(element: Joined, compiler: SQLCompiler, **kw: Any) -> str:
    rows = compiler.process(element.clauses, **kw)
    return f"(SELECT group_concat(fragment, ',') FROM {rows})"  # noqa: S608 (compiled SQL)


@compiles(Joined, "postgresql")
def _joined_postgresql(element: Joined, compiler: SQLCompiler, **kw: Any) -> str:
    rows = compiler.process(element.clauses, **kw)
    listed = f"{rows} AS listed"
    return f"(SELECT string_agg(fragment, ',' ORDER BY place) FROM {listed})"  # noqa: S608


def text_of(value: str) -> ColumnElement[str]:
    """``value`` as a literal of the statement itself: for constants of this program alone."""
    return literal_column(f"'{_quoted(value)}'", Text())
