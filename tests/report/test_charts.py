"""Figures: all are drawn for every shape of run, twice the same."""

import itertools
import sys

import numpy as np
import pytest
from support import results_tree as tree

import plot_figures
from mathcode.configuration import METHODS
from mathcode.measures import uncertainty
from mathcode.methods.autocode.report import looks, query_charts
from mathcode.methods.siam.report import looks as siam_looks
from mathcode.report import canvas, charts

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
    assert query_charts._bin(1000)[[0, 10, 250, 260, 500, 750, 760, 999, 1000]].tolist() == [0, 1, 1, 2, 2, 3, 4, 4, 5]
    for k in range(2, 65, 2):  # a half is a half for any k, whatever k / 2 / k is as a float
        assert query_charts._bin(k)[k // 2] == 2


@pytest.mark.parametrize(("method", "own"), [("autocode", looks.EXPERIMENTS), ("siam", siam_looks.EXPERIMENTS)])
def test_no_two_experiments_of_a_method_look_alike(root, method, own):
    from mathcode import configuration

    runs = [run for run in configuration.load(root / "config").runs.values() if run.method == method]
    names = sorted({name for run in runs for name in run.experiments})
    drawn = canvas.Looks(own, names)
    assert len({tuple(sorted(drawn.of(name).items())) for name in names}) == len(names) >= 4


@pytest.mark.parametrize(("method", "own"), [("autocode", looks.EXPERIMENTS), ("siam", siam_looks.EXPERIMENTS)])
def test_experiments_can_be_told_apart_in_grey(root, method, own):
    from mathcode import configuration

    runs = [run for run in configuration.load(root / "config").runs.values() if run.method == method]
    drawn = canvas.Looks(own, sorted({name for run in runs for name in run.experiments}))
    for one, other in itertools.combinations(["start", *drawn.experiments], 2):
        ways = [drawn.of(name) for name in (one, other)]
        assert shades_apart(*(way["color"] for way in ways)) or ways[0]["marker"] != ways[1]["marker"], (one, other)
        if method == "autocode":  # the method that draws bars of experiments
            bars = [drawn.bar(name) for name in (one, other)]
            assert shades_apart(*(bar["color"] for bar in bars)) or bars[0].get("hatch") != bars[1].get("hatch"), (one, other)


@pytest.mark.parametrize("classes", [looks.MODES, looks.ALIGNMENTS, looks.ATTEMPTS], ids=["modes", "alignments", "attempts"])
def test_classes_of_bars_can_be_told_apart_in_grey(classes):
    for (colour, _, hatch), (other, _, others) in itertools.combinations(classes.values(), 2):
        assert shades_apart(colour, other) or hatch != others


def test_a_label_may_hold_dollars(tmp_path):
    """They are no mathematics: a run's labels are the user's words."""
    with canvas.style("x"):
        figure, axes = canvas.grid(1, 1, 3, 2)
        axes[0, 0].plot([1, 2], [0.01, 100], label="price $0.1 (10 % of $1)")
        canvas.logarithmic(axes[0, 0])
        canvas.add_title(figure, "costs $5_max, $6_max")
        canvas.add_legend(figure, canvas.legend_entries(axes))
        canvas.save(figure, tmp_path / "figure.svg")
        ticks = [label.get_text() for label in axes[0, 0].get_yticklabels()]
    assert {"0.01", "1", "100"} <= set(ticks)


def test_series_and_labels_can_be_told_apart_in_grey():
    many = siam_looks.series([f"critic {number}" for number in range(7)])
    assert len({(look["linestyle"], look["marker"]) for look in many.values()}) == 7
    assert len({line for _, line in siam_looks.CASES.values()}) == len(siam_looks.CASES)
    labels = {name: name for name in ("cot", "code", "sketch", "search")}
    for markers in (looks.label_markers(labels), looks.start_markers(labels)):
        assert len({*markers.values()}) == len(markers)
    others = {marker for _, _, marker in looks.EXPERIMENTS.values()} - {looks.EXPERIMENTS["start"][2]}
    assert not {*looks.start_markers(dict.fromkeys(("cot", "code"), "")).values()} & others


def shades_apart(one: str, other: str) -> bool:
    """Whether two colours differ by a tenth of the way from black to white, as television made grey of them."""
    from matplotlib.colors import to_rgb

    grey = [np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) for colour in (one, other)]
    return abs(grey[0] - grey[1]) > 0.1


def test_figures_have_names_in_place_of_keys(tmp_path):
    chosen = tree.plan(benchmarks=["math"], names={"math": "MATH, all levels"}, iterations=1)
    results = METHODS["autocode"].report.results(tree.build(tmp_path, chosen), tree.as_json(chosen))
    for name in ("frontier", "accuracy_by_mode", "iterations", "alignment", "rounds", "programs"):
        figure = METHODS["autocode"].item("figure", name).load()(results, "test")
        texts = [axis.get_title(loc) for axis in figure.axes for loc in ("left", "center")]
        texts += [label.get_text() for axis in figure.axes for label in axis.get_xticklabels()]
        assert any("MATH, all levels" in text for text in texts), name


def drawn_across(axis) -> set[float]:
    """Where lines go from one side of a panel to the other."""
    return {line.get_ydata()[0] for line in axis.lines if list(line.get_xdata()) == [0, 1] and len({*line.get_ydata()}) == 1}


def test_training_health_draws_the_bounds_that_its_table_judges_by(tmp_path):
    chosen = tree.plan(
        benchmarks=["math"], iterations=1, health=tree.HEALTH | {"ratio_low": 0.25, "ratio_high": 3.5, "kl": 0.125, "clip_share": 0.3}
    )
    results = METHODS["autocode"].report.results(tree.build(tmp_path, chosen), tree.as_json(chosen))
    axes = METHODS["autocode"].item("figure", "training_health").load()(results, "test").axes
    assert [drawn_across(axis) for axis in axes] == [{0.25, 3.5}, {30.0}, {0.125}, set(), set(), set()]


@pytest.mark.parametrize(
    ("values", "bounds", "scale"),
    [
        ([0.9, 1.0, 1.1], [0.5, 2.0], "linear"),
        ([1.0, 1.0, 900.0], [0.5, 2.0], "log"),  # a few values press all others flat
        ([-0.1, 0.0, 900.0], [0.2], "symlog"),  # they would press the bound onto the axis
        ([0.0, 1.0, 2.0], [30.0], "linear"),
        ([], [0.2], "linear"),
        ([], [], "linear"),
    ],
)
def test_a_bound_can_be_told_from_the_axis(values, bounds, scale):
    _, axes = canvas.grid(1, 1, 3, 2)
    charts._scale(axes[0, 0], np.array(values), bounds, False)
    assert axes[0, 0].get_yscale() == scale


def test_words_stand_in_place_of_bars_that_are_all_alike():
    panels = {
        "alike": [("one", {"1": 5, "2": 0}, "0.1 programs"), ("two", {"1": 7, "2": 0}, "0.2 programs")],
        "mixed": [("one", {"1": 5, "2": 0}, ""), ("two", {"1": 4, "2": 1}, "")],
    }
    classes = {"1": ("#d0d0d0", "one attempt", ""), "2": ("#7fb2dd", "two", "")}
    for kept in (["alike", "mixed"], ["alike"]):
        figure = charts.stacked_shares({name: panels[name] for name in kept}, classes, 2, "responses (%)", "title", "None of them.")
        alike = figure.axes[0]
        assert not alike.patches
        assert {text.get_text() for text in alike.texts} == {"None of them.", "0.1 programs", "0.2 programs"}
        assert [label.get_text() for label in alike.get_yticklabels()] == ["one (n=5)", "two (n=7)"]
        assert bool(figure.legends) == ("mixed" in kept)
    mixed = charts.stacked_shares(panels, classes, 2, "responses (%)", "title", "None of them.").axes[1]
    assert len(mixed.patches) == 4
    assert len(charts.stacked_shares(panels, classes, 2, "responses (%)", "title").axes[0].patches) == 4


def test_error_bars_are_never_negative():
    values = [uncertainty.Interval(50.0, 40.0, 60.0), uncertainty.Interval(50.0), uncertainty.Interval(0.0, 1e-12, 3.0)]
    assert np.all(canvas.error_lengths(values) >= 0)


@pytest.mark.stage
def test_importing_the_programs_does_not_import_matplotlib(root):
    import subprocess

    code = "import sys, plot_figures, tabulate_results, score_responses; sys.exit('matplotlib' in sys.modules or 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root / "workflow_scripts", check=False, capture_output=True)
    assert done.returncode == 0
