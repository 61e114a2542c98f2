"""Draw the figures of a run.

    python workflow_scripts/plot_figures.py --results results/demo --plan '{...}' --out-dir results/demo/figures

reads   scores, grades, q_values, training logs of the run, by the path grammar; --plan says what was built
writes  one SVG per figure
"""

from pathlib import Path

from autocode import commandline


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--results", required=True, help="folder of the run")
    parser.add_argument("--plan", required=True, help="JSON: families, experiments, seeds, iterations, benchmarks, selection_benchmarks, sft")
    parser.add_argument("--out-dir", required=True, type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    import json

    from autocode import plotting, results

    args = arguments().parse_args(argv)
    run = results.Results(args.results, json.loads(args.plan))
    plt = plotting.start()
    for name, draw in plotting.FIGURES.items():
        figure = draw(plt, run)
        plotting.save(figure, args.out_dir / f"{name}.svg")
        plt.close(figure)
    return 0


if __name__ == "__main__":
    commandline.run(main)
