"""Functions of wildcards that say what a program is told: the sections it reads and no others, so that an edit reruns what it changes."""


class Told(str):
    """Text for a command line of which a part makes nothing stale. Snakemake compares the `repr` of params: here it leaves that part out."""

    compared = ""

    def __repr__(self):
        return repr(self.compared)


def told(section, *unread):
    """A section, or several by name, as JSON; keys on which no result depends, and those that the job does not read, are not compared."""
    text = Told(settings.dumps(section))
    text.compared = settings.dumps({key: value for key, value in settings.deciding(section).items() if key not in unread})
    return text


def run_of(wildcards):
    """Settings of the run, with the experiment's over them where the path names one."""
    run = CONFIG.runs[wildcards.run]
    return run.of(wildcards.experiment) if "experiment" in wildcards.keys() else run


def section(name):
    """Params function: one settings section as JSON."""
    return lambda wildcards: told(getattr(run_of(wildcards), name))


def grading(name):
    """Params function: a section that says how answers are judged. A critic has no limit of time; a cascade holds a rule, which has."""
    return lambda wildcards: told(getattr(run_of(wildcards), name), *(["timeout"] if wildcards.judge.startswith("critic_") else []))


def method_name(wildcards):
    """The method of a run, as an argument: its name, and what the run adds to it."""
    return shlex.quote(CONFIG.method(wildcards.run).told(CONFIG.runs[wildcards.run]))


def family_of(wildcards):
    """The family of a path, named by itself, by a policy, or by the settings of a critic."""
    named = wildcards if "family" in wildcards.keys() else paths.trained(wildcards.get("policy") or wildcards.trained)
    if isinstance(named, paths.Critic):
        named = CONFIG.runs[wildcards.run].critics[named.name]
    return CONFIG.families[named.family]


def prompt_profile(wildcards):
    return family_of(wildcards).prompt


def policy_seed(wildcards):
    return paths.Policy.parse(wildcards.policy).seed


def training_family(wildcards):
    """How a family is made and trained; its labels do not train anything again."""
    return settings.dumps(family_of(wildcards).model_copy(update={"label": "", "published": {}}))


def built_family(wildcards):
    """The same for a base model: how it is trained later makes nothing of it stale, nor of what it writes."""
    family, text = family_of(wildcards), Told(training_family(wildcards))
    text.compared = settings.dumps({"scratch": family.scratch, "prompt": family.prompt if family.scratch else None})
    return text


def sampling_settings(chosen):
    """Params function: what sampling depends on: how (`chosen` of the run), the engine, and how programs run."""

    def as_json(wildcards):
        run = CONFIG.runs[wildcards.run]
        return told({"sampling": chosen(run), "engine": run.engine, "interpreter": run.interpreter})

    return as_json


def engine_python(wildcards):
    """Interpreter of the environment that holds the sampling engine; another place of it makes nothing stale."""
    return Told(CONFIG.runs[wildcards.run].engine.python)


def mirror_folder(wildcards):
    """Folder with source files and models for machines without internet: `--config mirror=FOLDER`."""
    return config.get("mirror", "data/mirror") or ""


def critic_options(option):
    """Params function: the folder of the critic that a judge's name holds, and how it judges; nothing for rules."""

    def as_options(wildcards, input):
        if not input.critic:
            return ""
        chosen = CONFIG.runs[wildcards.run].critics[configuration.critic_of(wildcards.judge)].judge
        return f"{option} {input.critic} --critic {shlex.quote(settings.dumps(chosen))}"

    return as_options


def flag(name):
    """Params function: the named input as the option of that name, or nothing where there is no such input."""
    return lambda wildcards, input: f"--{name} {input[name]}" if input[name] else ""


def benchmark_rows(wildcards):
    """Items evaluated of each benchmark, as an option; nothing where all are."""
    rows = CONFIG.runs[wildcards.run].evaluate.benchmark_rows
    return "" if rows is None else f"--rows {rows}"
