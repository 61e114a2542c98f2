"""Tables as LaTeX: what a paper would show, and that it compiles as text and not as commands."""

import polars as pl
import pytest
from support.running import run_program

from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.report.columns import COLUMNS
from mathcode.report import latex


def test_intervals_stand_behind_their_values_and_empty_columns_are_left_out():
    frame = pl.DataFrame(
        {
            "family": ["a_b & 50%", "c"],
            "n": [200, 300],
            "accuracy": [84.0, 75.5],
            "accuracy_low": [78.3, None],
            "accuracy_high": [88.4, None],
            "gain_over_start": [-1.5, None],
            "published_accuracy": pl.Series([None, None], dtype=pl.Float64),
        }
    )
    assert latex.render(frame, COLUMNS).splitlines() == [
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"family & n & accuracy & gain over start \\",
        r"\midrule",
        r"a\_b \& 50\% & 200 & 84.00 {\scriptsize [78.30, 88.40]} & $-$1.50 \\",
        r"c & 300 & 75.50 &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_every_end_of_an_interval_is_a_column_that_there_is():
    known = {column for table in (*METHOD.tables, *METHOD.judge_tables) for column in table.columns}
    assert {*COLUMNS.intervals} | COLUMNS.ends() <= known


@pytest.mark.parametrize("text", ["\\input{/etc/passwd}", "~^#$%&_{}"])
def test_text_means_itself(text):
    escaped = latex.escape(text)
    for char in "#$%&_":
        assert escaped.count(f"\\{char}") == text.count(char) == escaped.count(char)
    assert "\\input" not in escaped


@pytest.mark.stage
def test_the_program_wants_one_file_for_each_table_and_names_what_is_no_table(tmp_path):
    (tmp_path / "empty.csv").touch()
    command = (
        "python",
        "workflow_scripts/export_latex.py",
        "--method",
        "autocode",
        "--tables",
        tmp_path / "empty.csv",
        "--out",
        tmp_path / "a.tex",
    )
    done = run_program(*command)
    assert done.returncode == 1
    assert done.stderr.startswith(f"export_latex.py: {tmp_path / 'empty.csv'}: not a table")
    assert "give one --out" in run_program(*command, tmp_path / "b.tex").stderr
    assert not list(tmp_path.glob("*.tex"))
