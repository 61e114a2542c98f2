"""Figures: all are drawn for every shape of run, twice the same."""

import sys

import numpy as np
import pytest
from support import results_tree as tree

import plot_figures
from mathcode.measures import uncertainty
from mathcode.methods.autocode.report import looks, query_charts
from mathcode.methods.siam.report import looks as siam_looks
from mathcode.report import canvas

NAMES = [
    *("accuracy_by_mode", "alignment", "calibration", "code_rate_distribution", "frontier", "iterations"),
    *("programs", "q_values", "rounds", "training_health"),
]
TINY = {"tiny": {"label": "tiny"}, "qwen2math": {"label": "Qwen2-Math-7B"}}


def draw(run, chosen, out) -> dict[str, bytes]:
    flags = ["--method", "autocode", "--run", "test", "--results", str(run)]
    plot_figures.main([*flags, "--plan", tree.as_json(chosen), "--out-dir", str(out)])
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.stage
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"families": TINY, "seeds": [1, 2, 3], "benchmarks": ["math"]},
        {"experiments": {"q_rule": "Q alone"}, "iterations": 1, "selection_benchmarks": []},
    ],
    ids=["one seed", "families and seeds", "without EM"],
)
def test_every_figure_is_drawn_without_nan(tmp_path, changes):
    chosen = tree.plan(**changes)
    figures = draw(tree.build(tmp_path, chosen), chosen, tmp_path / "figures")
    assert sorted(figures) == sorted(f"{name}.{kind}" for name in NAMES for kind in ("pdf", "svg"))
    for name in NAMES:
        svg = figures[f"{name}.svg"]
        assert svg.rstrip().endswith(b"</svg>"), name
        assert b"nan" not in svg.lower(), name
        assert figures[f"{name}.pdf"].startswith(b"%PDF"), name


@pytest.mark.stage
def test_figures_are_the_same_when_drawn_again(tmp_path):
    chosen = tree.plan(experiments={"main": "EM"}, iterations=1, benchmarks=["math"])
    run = tree.build(tmp_path, chosen)
    assert draw(run, chosen, tmp_path / "a") == draw(run, chosen, tmp_path / "b")


def test_a_querys_code_rate_falls_into_one_bar():
    assert query_charts._bin([0, 1, 25, 26, 50, 75, 76, 99.9, 100]).tolist() == [0, 1, 1, 2, 2, 3, 4, 4, 5]


@pytest.mark.parametrize(("method", "own"), [("autocode", looks.EXPERIMENTS), ("siam", siam_looks.EXPERIMENTS)])
def test_no_two_experiments_of_a_method_look_alike(root, method, own):
    from mathcode import configuration

    runs = [run for run in configuration.load(root / "config").runs.values() if run.method == method]
    names = sorted({name for run in runs for name in run.experiments})
    drawn = canvas.Looks(own, names)
    assert len({tuple(sorted(drawn.of(name).items())) for name in names}) == len(names) >= 4


def test_error_bars_are_never_negative():
    values = [uncertainty.Interval(50.0, 40.0, 60.0), uncertainty.Interval(50.0), uncertainty.Interval(0.0, 1e-12, 3.0)]
    assert np.all(canvas.error_lengths(values) >= 0)


@pytest.mark.stage
def test_importing_the_programs_does_not_import_matplotlib(root):
    import subprocess

    code = "import sys, plot_figures, tabulate_results, score_responses; sys.exit('matplotlib' in sys.modules or 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root / "workflow_scripts", check=False, capture_output=True)
    assert done.returncode == 0
