"""The documentation agrees with the code: names, paths, links and targets, so that drift fails here."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from support.declared_keys import keys, keys_of_runs
from support.documentation import quoted, rows, section
from support.running import ROOT

from mathcode import settings

PACKAGE = ROOT / "workflow_scripts" / "mathcode"
CHANGELOG = ROOT / "CHANGELOG.md"
OTHERS = ("README.md", "CONTRIBUTING.md", "data/README.md", "config/README.md")
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in OTHERS), CHANGELOG]
OF_TODAY = [page for page in PAGES if page != CHANGELOG]
"""Pages that tell what is; the change log tells what was, too."""


# Names of the package


def defined(path: Path) -> Iterator[str]:
    """What a module defines: functions, classes with their members, constants. Read without importing it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        yield from _named(node)
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for member in node.body for name in _named(member))


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


@cache
def known_names() -> frozenset[str]:
    """Every name by which something of the package may be called: room.module.function, or an end of that."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found |= {module, *(f"{module}.{name}" for name in defined(path))}
    return frozenset(name.split(".", start)[-1] for name in found for start in range(name.count(".") + 1))


@cache
def known_keys() -> frozenset[str]:
    """Every key of `config/`, and every section of keys."""
    whole = keys_of_runs() | {*keys(settings.Family), *keys(settings.Experiment, "experiments.NAME.")}
    whole |= {*keys(settings.Source, "sources.NAME."), *keys(settings.Dataset, "queries.NAME.")}
    whole |= {re.sub(r"^resources\.\w+\.", "resources.STAGE.", key) for key in whole}
    return frozenset(".".join(key.split(".")[: depth + 1]) for key in whole for depth in range(key.count(".") + 1))


FILES = ("csv", "html", "json", "jsonl", "log", "md", "parquet", "pdf", "py", "smk", "svg", "tex", "toml", "tsv", "yaml")


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_and_keys_in_code_font_exist(page):
    """A dotted name that begins like one of ours: a room, a module, or a section of settings."""
    begin = {
        "mathcode",
        *(path.stem for path in PACKAGE.rglob("*") if path.suffix in ("", ".py")),
        *(key.split(".")[0] for key in known_keys()),
    }
    dead = []
    for text in quoted(page.read_text(encoding="utf-8")):
        name = text.removeprefix("mathcode.").removesuffix("()")
        if not re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", text.removesuffix("()")) or name.split(".")[-1] in FILES:
            continue
        if name not in known_names() | known_keys() and text.split(".")[0] in begin | {"hardware"}:
            dead.append(text)
    assert not dead


def mapped_rows() -> list[list[str]]:
    both = [section("docs/paper_map.md", heading) for heading in ("## From the paper to the code", "## From SIaM to the code")]
    return [row for page in both for row in rows(page) if row[0] != "paper"]


def test_paper_map_names_functions_and_keys_that_exist():
    assert len(mapped_rows()) > 15
    for paper, what, code, config, _ in mapped_rows():
        assert set(quoted(code)) <= known_names(), f"{paper} {what}"
        assert set(quoted(config)) <= keys_of_runs(), f"{paper} {what}"


def test_paper_map_names_tests_that_exist():
    named = {name for *_, test in mapped_rows() for name in quoted(test)}
    assert not sorted(named - {path.name for path in (ROOT / "tests").rglob("test_*.py")})


def test_decisions_name_keys_that_exist():
    decisions = [row for row in rows(section("docs/paper_map.md", "## What AutoCode's paper leaves open")) if row[0] != "question"]
    assert len(decisions) > 30
    assert {name for row in decisions for name in quoted(row[3])} <= keys_of_runs()


def test_constants_are_where_pages_say():
    """Such as: `JUDGES` in `configuration/named.py`."""
    found = 0
    for page in OF_TODAY:
        for name, file in re.findall(r"`([A-Z_]{3,}|[A-Z]\w+\.\w+)` (?:in|of) `([\w/]+\.py)`", page.read_text(encoding="utf-8")):
            folder = ROOT if file.startswith("tests/") else PACKAGE
            assert name in {*defined(folder / file)}, f"{page.name}: {name} in {file}"
            found += 1
    assert found > 6


# docs/architecture.md


def documented_rooms() -> dict[str, set[str]]:
    """Room: what it may import."""
    return {quoted(row[0])[0]: {*quoted(row[2])} for row in rows(section("docs/architecture.md", "## The rooms")) if row[0] != "room"}


def test_architecture_page_has_every_room():
    assert set(documented_rooms()) == {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__")}


def test_architecture_page_tells_the_law_that_is_tested():
    law = importlib.import_module("repository.test_layers").LAW
    documented = {room: others for room, others in documented_rooms().items() if room not in ("methods", "configuration")}
    assert documented == {room: law[room] for room in documented}


# Paths, links, commands

PLACES = (
    ".ci",
    "benchmarks",
    "config",
    "data/published",
    "docs",
    "envs",
    "local",
    "reports/captions",
    "rules",
    "slurm",
    "tests",
    "workflow_scripts",
)
SUFFIXES = (".py", ".smk", ".md", ".sh", ".toml")


@cache
def repository_files() -> list[str]:
    inside = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.is_file()]
    return [str(path.relative_to(ROOT)) for path in [*inside, *(path for path in ROOT.iterdir() if path.is_file())]]


def is_there(path: str) -> bool:
    """Whether a path leads somewhere from the root, or from a room, or is the end of one file's path at least."""
    if any(path == place or path.startswith(f"{place}/") for place in PLACES):
        return (ROOT / path).exists()
    if path.endswith(SUFFIXES):
        return any(file == path or file.endswith(f"/{path}") for file in repository_files())
    if path.startswith(("methods/", "data/readers")):
        return (PACKAGE / path).exists()
    return True  # made by a run, or no path


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_code_font_exist(page):
    names = [name.rstrip("/") for name in quoted(page.read_text(encoding="utf-8"))]
    plain = [
        name for name in names if re.fullmatch(r"[\w.+-]+(?:/[\w.+-]+)*", name) and not re.search(r"\b(?:NAME|RUN|FILE|FOLDER)\b", name)
    ]
    assert not [name for name in plain if not is_there(name)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_of_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    programs = re.findall(r"python ((?:workflow_scripts|benchmarks|tests)/\S+\.py)|bash (\w+\.sh)", text)
    assert not [name for pair in programs for name in pair if name and not (ROOT / name).is_file()]
    if made := re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert set(made) <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


def test_readme_shows_the_folders_that_there_are():
    tree = section("README.md", "## Where things are").split("```")[1].strip().splitlines()
    shown = [name for line in tree for name in re.match(r"(?:\S+ {2,})+", line)[0].split()]
    assert len(shown) > 10
    assert not [name for name in shown if not (ROOT / name).exists()]
    tracked = {"Snakefile", *(place.split("/")[0] + "/" for place in PLACES if not place.startswith("."))}
    assert tracked <= set(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, f"{page.name}: {target}"


def targets() -> list[str]:
    """Every file that a command of the documentation asks for; those of own.md need its settings, and have a test of their own."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES if page.name != "own.md"]
    commands = [line for text in texts for line in re.findall(r"snakemake [^`\n]+", text)]
    found = {word for command in commands for word in command.split() if re.match(r"(?:data|results)/", word)}
    return sorted(word for word in found if "{" not in word and "..." not in word)


@pytest.mark.workflow
def test_documented_targets_can_be_planned(tmp_path):
    wanted = targets()
    assert len(wanted) > 20
    (tmp_path / "data/external").mkdir(parents=True)
    (tmp_path / "data/external/NAME.jsonl").touch()  # a file of the reader's
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--snakefile", str(ROOT / "Snakefile")]
    elsewhere = ["--directory", str(tmp_path), "--config", f"config_folder={ROOT / 'config'}"]
    done = subprocess.run([*command, *wanted, *elsewhere], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


# Commands in blocks of bash: each is run, planned, or has a reason not to be

SHOWN = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))
READ_BY_TESTS = {
    "docs/own.md": ("tests/data/test_columns.py", r"(?!.* sketch$).*"),
    "README.md": ("tests/core/test_json_lines.py", r"python workflow_scripts/\w+\.py .*\.jsonl"),
}
"""Page: the test that takes commands from it and runs them, and a pattern of those."""

PLAIN = r"snakemake(?: -n)?(?: --profile \w+)?(?: --cores \d+)? (?P<wanted>[\w/. ]+)"
"""A command of Snakemake that does no more than ask for something."""

NOT_RUN = {
    "docs/log.md": "a diary: parts of commands, as they were on their day",
    "snakemake -n demo --config demo='{explore: {samples: 4}, build: {seeds: [1, 2]}}'": "tests/workflow/test_plans.py plans other values",
    "snakemake --profile local --software-deployment-method conda --resources gpu=1 -- single_gpu": "takes a GPU of 80 GB for hours",
    "snakemake --profile local --force results/demo/main/tiny/seed1/iter1/q_values.parquet": "of a finished demo; its target is planned",
    "snakemake --profile local --forcerun estimate_strategy -- results/demo/main/tiny/seed1/iter1/training.parquet": "the same",
    "python tests/manifest.py results/demo --compare docs/results/demo_GenuineIntel.sha256": ".ci/run does, with its processor's list",
    "snakemake --unlock": "only after a kill; tests/support/checkout.py runs it after each of its own",
    "snakemake --profile local sketch": "a run as long as the demo; tests/workflow/test_own_methodology.py makes it smaller",
    'python workflow_scripts/chat_with_policy.py results/demo/main/tiny/seed1/iter2/model --question "What is 345 * 12?"': (
        "of a finished demo; tests/rollouts/test_chat.py asks another policy"
    ),
    "python workflow_scripts/publish_policy.py results/demo/main/tiny/seed1/iter2/model --out card.md": (
        "of a finished demo; tests/policies/test_publish_policy.py makes another card"
    ),
    "python workflow_scripts/compare_runs.py results/demo results/mine --out-dir comparison": (
        "of two finished runs, one the reader's; tests/report/test_comparison.py compares others"
    ),
    "python workflow_scripts/explain_settings.py results/demo/q_rule/tiny/seed1/iter1/model --only estimate train": (
        "tests/configuration/test_explain_settings.py explains the same path by other keys"
    ),
    "python workflow_scripts/grade_answers.py --pairs pairs.jsonl --out graded.jsonl --workers 2 --timeout 5": (
        "tests/core/test_json_lines.py runs the README's, without its options"
    ),
    "python workflow_scripts/execute_programs.py --programs programs.jsonl --out executed.jsonl --workers 2 --timeout 10"
    " --memory-mb 1024": ("tests/core/test_json_lines.py runs the README's, without its options"),
    "snakemake --profile slurm -n paper": "tests/workflow/test_plans.py plans it, with the options last",
    "python workflow_scripts/estimate_costs.py paper --gpus 8": "tests/estimates/test_estimates.py estimates the same run",
    "python workflow_scripts/estimate_costs.py demo": "tests/workflow/test_run.py estimates a smaller run beside what it took",
    "snakemake paper --profile slurm --conda-create-envs-only": "installs 10 GB from conda's channels",
    "snakemake all --profile slurm --conda-create-envs-only": "installs 10 GB from conda's channels",
    "snakemake all --profile slurm --logger rich": "takes hundreds of GPU-hours; tests/workflow/test_plans.py plans it",
    "srun --partition GPU_PARTITION --gres gpu:1 --cpus-per-task 16 --mem 64G --time 20 bash benchmarks/gpu/run.sh": "takes a GPU",
    "apptainer build mathcode.sif envs/apptainer.def": "needs Apptainer; the file's pins are tested",
    "apptainer exec --nv mathcode.sif snakemake --profile local --resources gpu=1 -- single_gpu": "takes a GPU, and Apptainer",
    "python tests/support/slurm_cluster.py /tmp/cluster --accounting": "tests/workflow/test_slurm.py starts the same, in its folders",
    "snakemake --profile local demo --logger rich": "a look at the demo that CI runs",
    "complete -o default -W \"$(snakemake --list-target-rules | awk '{print $1}')\" snakemake": "for a terminal with a person before it",
    "python workflow_scripts/fill_mirror.py laptop --out mirror": "fetches gigabytes; tests/data/test_mirror.py fills smaller ones",
    "snakemake --profile local laptop --config mirror=mirror": "takes hours, and that mirror",
    "vllm serve results/laptop/main/qwen25coder_05b/seed1/iter1/model --served-model-name policy --max-model-len 1024"
    " --generation-config vllm": "serves until it is stopped, a policy that takes hours",
    "curl localhost:8000/v1/completions -H 'Content-Type: application/json' -d '{": "asks that server",
    "pip install -e .": "tests/grading/test_rewards_elsewhere.py makes a wheel of the package",
    "lm_eval --model hf --model_args pretrained=MODEL --include_path . --tasks own": (
        "tests/grading/test_rewards_elsewhere.py evaluates a tiny model with it"
    ),
    "python benchmarks/interpreter.py --programs tora.jsonl --hanging 0 0.01 --timeout 5 --workers 1 2 4 --levels sandbox"
    " --peer ToRA/src/utils/python_executor.py": "a measurement beside a program that is not ours",
}
"""Command, or page of commands: why no test runs or plans it."""


PROGRAMS = ("apptainer", "bash", "complete", "conda", "curl", "git", "lm_eval", "make", "pip", "python", "snakemake", "srun", "vllm")
"""What a command of a page starts with."""


def commands(page: str, blocks: slice = slice(None), languages: Sequence[str] = ("bash", "sh", "")) -> list[str]:
    """The command lines in blocks of a page, those that go on behind a backslash joined; of other blocks than bash, what looks like one."""
    text = (ROOT / page).read_text(encoding="utf-8")
    fenced = re.findall(r"^(`{3,})(\w*)[^\n`]*\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE)
    lines = []
    for language, block in [(language, block) for _, language, block in fenced if language in languages][blocks]:
        stripped = (re.sub(r"\s+#.*|^#.*", "", line).strip() for line in re.sub(r"\\\n\s*", "", block).splitlines())
        lines += [line for line in stripped if line and (language == "bash" or line.split()[0] in PROGRAMS)]
    return lines


@cache
def run_by_ci() -> str:
    """What .ci/run runs: its own text, and the recipes of the README's first two blocks, `make demo` and `make test`."""
    recipes = re.findall(r"^(?:demo|test):\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join([*commands("README.md", slice(2), ["bash"]), *recipes, (ROOT / ".ci/run").read_text(encoding="utf-8")])


def is_tested(command: str) -> bool:
    """Whether a command is run, or what it asks for planned."""
    if re.search(rf"(?:^|[\s/]){re.escape(command)}(?:\s|;|$)", run_by_ci(), re.MULTILINE):
        return True
    if any(re.fullmatch(pattern, command) and command in commands(page) for page, (_, pattern) in READ_BY_TESTS.items()):
        return True
    runs = {path.stem for path in (ROOT / "config/runs").glob("*.yaml")}  # each is planned in tests/workflow/test_plans.py
    plain = re.fullmatch(PLAIN, command)
    return plain is not None and {*plain["wanted"].split()} <= {*targets(), *runs}


def test_every_command_is_run_or_planned_or_has_a_reason_not_to_be():
    shown = [(page, command) for page in SHOWN for command in commands(page)]
    assert len(shown) > 40
    untested = [(page, command) for page, command in shown if not is_tested(command)]
    new = [(page, command) for page, command in untested if not {page, command} & {*NOT_RUN}]
    assert not new, "run it in a test or in .ci/run, or say in NOT_RUN why not"
    assert not {*NOT_RUN} - {name for pair in untested for name in pair}, "these stand on no page, or are tested: take them off NOT_RUN"
    for page, (test, _) in READ_BY_TESTS.items():
        assert f'"{page}"' in (ROOT / test).read_text(encoding="utf-8"), f"{test} reads no commands of {page}"


@pytest.mark.parametrize("page", [page for page in SHOWN if page not in NOT_RUN])
def test_programs_take_the_commands_of_pages(page):
    """Their flags are there; what stands behind them is not looked at."""
    for command in commands(page):
        if found := re.match(r"python workflow_scripts/(\w+)\.py ", command):
            parser = importlib.import_module(found[1]).arguments()
            parser.error = lambda message, command=command: pytest.fail(f"{command}: {message}")
            parser.parse_args(shlex.split(command)[2:])
