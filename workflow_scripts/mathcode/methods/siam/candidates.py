"""Programs of graded rollouts: what selection and pairs choose among, and when two programs are one.

A rollout gives a program where one ran in it and no other: a later program finds what an earlier one left (`rollouts.loop`), so it
cannot be learnt alone.
"""

import ast
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from mathcode.core.errors import UserError
from mathcode.methods.siam import asking
from mathcode.responses import parse

T = TypeVar("T")


class CandidateError(UserError):
    """Rollouts, their grades and their queries do not belong together."""


@dataclass(frozen=True)
class Candidate:
    """A program that ran well and printed something, with what a judge says of it.

    Attributes:
        rollout, query: its rows of the tables `rollouts` and `queries`.
        program: as it was written.
        result: all that it printed.
        judge: name and version of the judge.
        outcome: how judging ended (`measures.outcomes.OUTCOMES`).
        accepted: the judge's own verdict.
        score: P(YES) of a critic; None: the judge is a rule.
    """

    rollout: dict[str, Any]
    query: dict[str, Any]
    program: str
    result: str
    judge: str
    outcome: str
    accepted: bool
    score: float | None

    @property
    def form(self) -> str:
        """What it has in common with programs that differ in names and blanks alone."""
        return form(self.program)


def candidates(rollouts: pl.DataFrame, grades: pl.DataFrame, queries: pl.DataFrame) -> tuple[list[Candidate], Counter]:
    """The candidates among rollouts, by query and sample, and how many rollouts give none, by reason.

    Args:
        rollouts: table `rollouts`.
        grades: table `grades` of one judge for them, in any order; others are passed over.
        queries: table `queries` with every query of the rollouts.

    Raises:
        CandidateError: a rollout has no grade or no query.
    """
    key = ("query_id", "mode", "sample")
    read = grades.select(*key, "outcome", "strict", "code_decides", "score", "grader")
    graded = {tuple(row[name] for name in key): row for row in read.iter_rows(named=True)}
    known = {row["query_id"]: row for row in queries.iter_rows(named=True)}
    found, without = [], Counter()
    for row in rollouts.sort("query_id", "mode", "sample").iter_rows(named=True):
        grade, query = graded.get(tuple(row[name] for name in key)), known.get(row["query_id"])
        if grade is None or query is None:
            lacks = "no grade" if grade is None else "no query in the tables of queries"
            raise CandidateError(f"rollout {row['sample']} of query '{row['query_id']}' (mode {row['mode']}) has {lacks}")
        ran = [one for one in row["rounds"] if one["outcome"]]
        reason = _flaw(ran) or (None if grade["code_decides"] else "another answer beside the program's")
        if reason:  # the verdict would be on what is not learned
            without[reason] += 1
        else:
            said = (ran[0]["program"], ran[0]["result"], grade["grader"], grade["outcome"], grade["strict"], grade["score"])
            found.append(Candidate(row, query, *said))
    return found, without


def _flaw(ran: list[dict]) -> str | None:
    """Why the programs that ran in a rollout are no candidate."""
    if not ran:
        return "no program"
    if len(ran) > 1:
        return "several programs"
    if ran[0]["outcome"] != "ok":
        return "the program failed"
    if not (ran[0]["result"] or "").strip():
        return "nothing was printed"
    return None if writable(ran[0]["program"]) else "a fence in the program"


def writable(program: str) -> bool:
    """Whether a response that is made of a program is read as that program: one that holds a fence of its own may not be."""
    return parse.programs(asking.response(program)) == [program.strip()]


def distinct(items: Iterable[T], form_of: Callable[[T], Hashable]) -> list[T]:
    """The first of each form, in order."""
    first: dict[Hashable, T] = {}
    for item in items:
        first.setdefault(form_of(item), item)
    return list(first.values())


def told(counts: Counter) -> str:
    """Counts by reason as a log tells them, the largest first."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))) or "none"


def form(program: str) -> str:
    """A program without the choice of its own names, its blanks and its comments; nothing is executed.

    Each name that it binds becomes the number of its first appearance, wherever it stands; names that it only uses (`print`), of
    attributes and of keyword arguments stay. What is no Python is its text without blanks.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python holds against an escape such as "\d" is not our concern
            tree = ast.parse(program)
        bound = _Bound()
        bound.visit(tree)
        return ast.dump(_Renamed(bound.names).visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "".join(program.split())


_NAMED = {
    ast.Name: "id",
    ast.arg: "arg",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}
"""Nodes that hold a name of a program, and in which field."""


class _Bound(ast.NodeVisitor):
    """Collects the names that a program binds."""

    def __init__(self):
        self.names: set[str] = set()

    def generic_visit(self, node: ast.AST) -> None:
        if type(node) in _NAMED and not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
            self.names |= {getattr(node, _NAMED[type(node)])} - {None}
        super().generic_visit(node)

    def visit_alias(self, node: ast.alias) -> None:
        self.names |= {_alias(node)} - {None}


class _Renamed(ast.NodeTransformer):
    """Puts numbers in the place of names."""

    def __init__(self, names: set[str]):
        self._names = names
        self._numbers: dict[str, str] = {}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if type(node) in _NAMED:
            field = _NAMED[type(node)]
            setattr(node, field, self._number(getattr(node, field)))
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self._number(name) for name in node.names]
        return super().generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.alias:
        if name := _alias(node):
            node.asname = self._number(name)
        return node

    def _number(self, name: str | None) -> str | None:
        return self._numbers.setdefault(name, str(len(self._numbers))) if name in self._names else name


def _alias(node: ast.alias) -> str | None:
    """The name that an import binds; None for a star, and for a part of a package, which binds the package."""
    return node.asname or (None if node.name == "*" or "." in node.name else node.name)
