"""What is refused while planning ends in one sentence: settings and mirror folders that are wrong, paths that no rule makes."""

import re
from difflib import get_close_matches
from itertools import islice, product

from snakemake.exceptions import MissingRuleException, RuleException

ENDINGS = (".parquet", ".json", ".csv", ".html", ".svg")


def refuse(sentence):
    """End Snakemake with one sentence. An error of its own would come with wildcards and a traceback where an input function raises it."""
    raise SystemExit(f"snakemake: {sentence}")


def tell_left_out(*sentences):
    """Say once what is wrong with runs that are left out."""
    if workflow.is_main_process:
        for sentence in dict.fromkeys(sentences):
            print(f"left out: {sentence}", file=sys.stderr)


def refuse_missing_mirror(folder):
    """Refuse a mirror that was named and is not there: each job would look elsewhere first, and fail one by one."""
    if folder and not Path(folder).is_dir():
        refuse(f"--config mirror={folder}: no such folder; fill_mirror.py makes one (docs/faq.md)")


def is_made(path):
    """Whether a target or a rule makes something."""
    return workflow.is_rule(path) or any(rule.is_producer(path) for rule in workflow.rules)


def words_of_paths():
    """What may stand between two slashes of a path: what rules spell, names that they allow in a wildcard, and files called after those."""
    outputs = [output for rule in workflow.rules for output in rule.products()]
    spelt = {part for output in outputs for part in Path(str(output)).parts if "{" not in part}
    named = {name for output in outputs for name in re.findall(r"[a-z]\w+", output.regex().pattern)}
    named |= {f"{kind}_{critic}" for kind in configuration.CRITIC_JUDGES for critic in critic_names()}
    methods = configuration.METHODS.values()
    shown = {f"{item.name}{ending}" for method in methods for item in (*method.tables, *method.judge_tables) for ending in (".csv", ".tex")}
    shown |= {f"{item.name}{ending}" for method in methods for item in method.figures for ending in (".svg", ".pdf")}
    modes = {mode for method in methods for mode in method.explored}
    return {"seed1", "iter1", *spelt, *named, *modes, *shown, *(f"{name}.parquet" for name in named)}


def nearest(path):
    """The path nearest to one that nothing makes, part by part; None where none is near. An ending may be missing, as README leaves it out."""
    words = words_of_paths()
    parts = Path(path).parts
    options = [[part] if part in words else [part, *get_close_matches(part, words, n=3)] for part in parts]
    options[-1] += [parts[-1] + ending for ending in ENDINGS]
    return next((near for near in islice((str(Path(*parts)) for parts in product(*options)), 1000) if is_made(near)), None)


def nothing_makes(error):
    """Snakemake's words for a path that no rule makes, with what may have been meant."""
    path = str(error.path).removeprefix(f"{Path.cwd()}/")  # rules make relative paths
    named = re.fullmatch(r"(?:(?:logs/)?results/|reports/)?([^/]+?)(?:\.html|/.*)?", path)
    if named and named[1] in CONFIG.left_out:
        return CONFIG.left_out[named[1]]
    run = re.fullmatch(r"reports/(\w+)\.html", path)
    if run and run[1] in CONFIG.runs:
        return f"no rule makes {error.path}; `snakemake {run[1]} --report {path}` writes it, after the run"
    near = nearest(path)
    meant = (
        f"did you mean {near}?"
        if near
        else "the paths that exist are listed at the top of the Snakefile; `snakemake --list-target-rules` lists the runs"
    )
    return f"no rule makes {error.path}; {meant}"


def keep_path(error, path, **place):
    RuleException.__init__(error, "no rule", **place)
    error.path = path


MissingRuleException.__init__ = keep_path
MissingRuleException.__str__ = nothing_makes  # when it is printed: Snakemake raises one for every file that is simply there
