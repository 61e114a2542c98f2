"""Make a policy of a run ready for the Hugging Face hub: a model card of its settings, data and results; with --push, upload it.

    python workflow_scripts/publish_policy.py results/demo/main/tiny/seed1/iter2/model --out card.md

Reads:  the policy folder, settings.json and provenance.json beside it, its scores.json, config/.
Writes: the card. Without --push nothing leaves this machine.

The card's metadata are in the hub's own format, accuracies as model-index. Uploading needs `huggingface-cli login` or $HF_TOKEN.
"""

import argparse
import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from mathcode import configuration, settings
from mathcode.configuration import places
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError, UserError
from mathcode.paths import BASE, SEEDED, START, Policy
from mathcode.policies import mirrors


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="policy folder of a run: results/RUN/POLICY/model")
    parser.add_argument("--out", type=Path, required=True, help="card to write")
    parser.add_argument(
        "--push", metavar="OWNER/NAME", help="upload weights and card to this repository of the hub, made private if it is new"
    )
    parser.add_argument("--license", help="licence of the weights, as the hub writes it; --push needs it")
    parser.add_argument("--config", default="config", help="folder of the run's settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.push and not args.license:
        raise InputError("--push needs --license: the licence of the base model decides which one you may give")
    config = configuration.load(args.config)
    run, policy = places.located(args.model, config)
    try:
        mirrors.require_whole(args.model)
    except UserError as error:
        raise InputError(f"{error}; {places.how_to_build(config, run, policy)}") from error
    card = make_card(args.model.resolve().parent, config, run, policy, args.license)
    atomic.write_text(args.out, card)
    files = sorted(path for path in args.model.iterdir() if path.is_file())
    size = sum(path.stat().st_size for path in files)
    logging.info("%s is the card; %d files of %.1f MB go with it", args.out, len(files), size / 1e6)
    if args.push:
        _upload(args.model, args.out, args.push)
    return 0


def make_card(folder: Path, config: configuration.Config, run: str, policy: Policy, license: str | None = None) -> str:
    """The card as text: metadata, then what a reader asks.

    Args:
        folder: the policy's, which holds `model` and `eval`.
    """
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    chosen, family, method = config.runs[run], config.families[policy.family], config.method(run)
    measured, sources = list(_measured(folder)), _sources(config, chosen, family, policy)
    results = [
        EvalResult(
            task_type="text-generation",
            task_name="mathematics",
            dataset_type=row["benchmark"],
            dataset_name=row["benchmark"],
            dataset_config=f"mode {row['mode']}, judge {row['judge']}",  # the hub takes results of equal ones for one
            metric_type="accuracy",
            metric_value=round(row["accuracy"], 4),
        )
        for row in measured
    ]
    name = f"{run}: {policy}".replace("/", " ")
    metadata = ModelCardData(
        model_name=name,
        license=license,
        library_name="transformers",
        pipeline_tag="text-generation",
        base_model=family.hub,
        datasets=[source.hub for _, source in sources if source.hub] or None,
        tags=[chosen.method, "mathematics", f"arxiv:{method.paper}"],
        eval_results=results or None,
    )
    mode = next(iter(method.evaluated))
    asked = method.prompt(family.prompt, mode, "QUESTION")
    paper = f"{chosen.method} ([arXiv {method.paper}](https://arxiv.org/abs/{method.paper}))"
    body = [
        f"# {name}",
        f"{family.label or policy.family}, {_ORIGINS.get(policy.experiment, 'trained by {paper}').format(paper=paper)}."
        f" Run `{run}`: {chosen.description}.",
        _table("Results", measured),
        "## How to ask",
        f"As it was evaluated (mode `{mode}`), with the question for QUESTION:\n\n```\n{asked}\n```\n\n"
        "A ```` ```python ```` block is a program: run it in a sandbox, put what it printed behind it as an ```` ```output ```` block,"
        " and go on. Never run what a model wrote outside of one.",
        "## What it learned from",
        "\n".join(f"- {name}: {source.license}" for name, source in sources) or "Nothing was learned in this run.",
        "## How it was trained",
        _settings(folder, policy),
    ]
    return str(ModelCard(f"---\n{metadata.to_yaml()}\n---\n\n" + "\n\n".join(body) + "\n"))


_ORIGINS = {
    BASE: "as it is before the training of {paper}",
    SEEDED: "fine-tuned on a seed set, from which {paper} starts",
    START: "the policy that {paper} starts from",
}
"""What is said of the policies without iterations; of all others, that they are trained."""


def _measured(folder: Path) -> Iterable[dict]:
    """What scores.json says of every evaluation of a policy.

    Raises:
        InputError: one of them is damaged.
    """
    for path in sorted(folder.glob("eval/*/*/*/scores.json")):
        mode, benchmark, judge = path.parts[-4:-1]
        said = _read(path)
        if missing := {"n", "accuracy", "accuracy_low", "accuracy_high", "code_rate", "contaminated"} - {*said}:
            raise InputError(f"{path}: key '{min(missing)}' is missing")
        yield {"mode": mode, "benchmark": benchmark, "judge": judge, **said}


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from None


def _table(title: str, measured: list[dict]) -> str:
    if not measured:
        return f"## {title}\n\nThis policy was not evaluated."
    rows = [
        f"| {row['benchmark']} | {row['mode']} | {row['judge']} | {row['n']} | {100 * row['accuracy']:.1f}"
        f" [{100 * row['accuracy_low']:.1f}, {100 * row['accuracy_high']:.1f}] | {100 * row['code_rate']:.1f} | {row['contaminated']} |"
        for row in measured
    ]
    return "\n".join(
        [
            f"## {title}\n",
            "Percent; brackets are 95 % intervals over items of this one policy (Wilson). Contaminated: items that share their text"
            " or a run of words with a training row.\n",
            "| benchmark | mode | judge | items | accuracy | responses that ran a program | contaminated |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def _sources(config: configuration.Config, run: settings.Run, family: settings.Family, policy: Policy) -> list[tuple[str, settings.Source]]:
    """The raw sources that a policy has learned from in its run, by name: a base none, a start policy no queries."""
    data, used = run.data, []
    if family.pretrained:
        used += [config.sources.sft[name] for name in data.pretraining]
    if policy.experiment != BASE and family.precondition == "sft":
        used += [config.sources.sft[name] for name in data.sft]
    if policy.experiment not in (BASE, SEEDED, START):
        used += [config.sources.queries[name] for name in data.queries]
    return [(name, config.sources.sources[name]) for name in dict.fromkeys(dataset.source for dataset in used)]


def _settings(folder: Path, policy: Policy) -> str:
    """Settings and provenance of the training, without what only this machine knows: folders outside of the run."""
    found = {name: _read(path) for name in ("settings", "provenance") if (path := folder / f"{name}.json").is_file()}
    if not found:
        return "It is the base model, as it is." if policy.experiment == BASE else "Its settings were not kept."
    if (place := found.get("settings", {}).get("family", {}).get("path")) is not None:
        found["settings"]["family"]["path"] = Path(place).name
    if inputs := found.get("provenance", {}).get("inputs"):
        found["provenance"]["inputs"] = {_within(name): digest for name, digest in inputs.items()}
    return "\n\n".join(
        f"`{name}.json`:\n\n```json\n{json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False)}\n```" for name, said in found.items()
    )


def _within(path: str) -> str:
    """A path from the repository's folder on; of one outside of it the name alone."""
    inside = re.search(r"(?:^|/)((?:results|data)/.*)$", path)
    return inside[1] if inside else path.rsplit("/", 1)[-1]


def _upload(model: Path, card: Path, repository: str) -> None:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi

    hub = HfApi()
    try:
        hub.create_repo(repository, private=True, exist_ok=True)
        hub.upload_file(repo_id=repository, path_or_fileobj=card, path_in_repo="README.md", commit_message="Model card")  # may be refused
        hub.upload_folder(repo_id=repository, folder_path=model, commit_message="Weights and tokenizer")
    except (ValueError, HTTPError) as error:  # a name or a licence that the hub does not know
        raise InputError(f"--push {repository}: {' '.join(str(error).split())}") from None
    logging.info("uploaded to https://huggingface.co/%s", repository)


if __name__ == "__main__":
    cli.run(main)
