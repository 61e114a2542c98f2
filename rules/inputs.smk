"""Functions of wildcards that find what shared stages read: data, base, train, explore, evaluate, judge and report, in this order.

A rule that reads what depends on settings names a function of this file, or of the `inputs.smk` of its method.
"""


def among(wildcards, kind, name, names):
    """A name, if the run has it; a form of path that is another run's or another method's ends the plan in one sentence."""
    if name not in names:
        run = wildcards.run
        refuse(f"run '{run}' (method {CONFIG.runs[run].method}) has no {kind} '{name}'; it has: {', '.join(names) or 'none'}")
    return name


def owned(wildcards, text):
    """The policy or the critic of a path, if the run has such a one."""
    run, found = CONFIG.runs[wildcards.run], paths.trained(text)
    if isinstance(found, paths.Critic):
        among(wildcards, "critic", found.name, run.critics)
    elif found.iteration:
        among(wildcards, "experiment", found.experiment, run.experiments)
        if found.preference:
            among(wildcards, "preference", found.preference, getattr(run, "preferences", ()))
    else:
        among(wildcards, "policy", found.experiment, CONFIG.method(wildcards.run).kinds)
    return found


def raw_of(group):
    """Input function: the fetched source of a dataset."""
    return lambda wildcards: f"data/raw/{group(wildcards).source}"


def training_sets(wildcards):
    """The run's training sets for a use: queries for exploration and RL, SFT pairs, or those of pretraining."""
    return _tables(wildcards.use, getattr(CONFIG.runs[wildcards.run].data, wildcards.use))


def all_sets(wildcards):
    """What anything of the run learns from, for a use: the training sets, and queries that pools take beside them, as those of critics."""
    data = CONFIG.runs[wildcards.run].data
    return _tables("queries", data.explored) if wildcards.use == "queries" else training_sets(wildcards)


def _tables(use, names):
    return [f"data/{'queries' if use == 'queries' else 'sft'}/{name}.parquet" for name in names]


def pools_before(wildcards):
    """A pool and those before it, which may hold what it would take, however many rows they keep: settings by name."""
    divided = CONFIG.runs[wildcards.run].data.pools
    last = settings.POOLS.index(among(wildcards, "pool", wildcards.pool, divided))
    before = {name: divided[name].model_copy(update={"rows": None}) for name in settings.POOLS[:last] if name in divided}
    return before | {wildcards.pool: divided[wildcards.pool]}


def datasets_of_pools(wildcards):
    """All that these pools take, each dataset once."""
    names = [name for pool in pools_before(wildcards).values() for name in pool.datasets]
    return [f"data/queries/{name}.parquet" for name in dict.fromkeys(names)]


def guard(wildcards):
    """Benchmarks that training data are cleaned of."""
    return [f"data/benchmarks/{name}.parquet" for name in CONFIG.runs[wildcards.run].data.guard]


def own_files(wildcards):
    """Files of a source in the mirror folder that no checksum fixes, such as your own: when they change, they are fetched again."""
    source, mirror = CONFIG.sources.sources[wildcards.source], mirror_folder(wildcards)
    if not mirror:
        return []
    copied = Path("data/raw", wildcards.source).is_dir() or Path(mirror, "raw", wildcards.source, "manifest.json").is_file()
    own = {file: Path(mirror, file.path) for file in source.files if file.sha256 is None}
    for file, path in own.items():
        if not (path.is_file() or file.url or source.hub or copied):
            refuse(f"source '{wildcards.source}': {path} is not there, and config/sources.yaml names no other place for it")
    return [str(path) for path in own.values() if path.is_file()]


def kept_apart(wildcards):
    """Pools whose questions no SFT pair may hold: what is to be new to a policy."""
    pools = CONFIG.runs[wildcards.run].data.sft_leaves_out if wildcards.use == "sft" else []
    return [paths.in_run(wildcards.run, paths.data(pool)) for pool in pools]


def removes(wildcards):
    """Which overlap with this benchmark removed a training row."""
    data = CONFIG.runs[wildcards.run].data
    return data.remove if wildcards.benchmark in data.guard else "none"


def rows_kept(wildcards):
    """How many SFT pairs are drawn of what is left."""
    rows = CONFIG.runs[wildcards.run].data.sft_rows
    return f"--rows {rows}" if wildcards.use == "sft" and rows else ""


def model_origin(wildcards):
    """Options that say where the base model of a family is from."""
    origin = family_of(wildcards).model_dump(include={"hub", "revision", "path"}, exclude_none=True)
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in origin.items())


def refuse_missing_model(wildcards):
    """Input function without inputs: refuses, while planning, a model that no place has."""
    family, mirror = CONFIG.families[wildcards.family], mirror_folder(wildcards)
    here = Path("data/models", wildcards.family).is_dir() or (mirror and Path(mirror, "models", wildcards.family).is_dir())
    where = f"config/families.yaml: family '{wildcards.family}'"
    if not here and family.path and not Path(family.path, "config.json").is_file():
        refuse(f"{where}: key 'path': {family.path} holds no model (config.json is not there)")
    if not here and not (family.path or family.hub):
        refuse(f"{where} names neither a local folder (key 'path') nor a hub model (key 'hub')")
    return []


def fetched_model(wildcards):
    """Folder of the family's base model; nothing for a family built from scratch."""
    return [] if CONFIG.families[wildcards.family].scratch else f"data/models/{wildcards.family}"


def text_to_tokenize(wildcards):
    """The SFT pairs, for a family built from scratch: of its pretraining, where a run has any."""
    pairs = "pretraining" if CONFIG.runs[wildcards.run].data.pretraining else "sft"
    return f"results/{wildcards.run}/data/{pairs}.parquet" if CONFIG.families[wildcards.family].scratch else []


def judges_cases(wildcards):
    """The option that prepares a tokenizer from scratch for a critic, where the run has one of this family."""
    critics = CONFIG.runs[wildcards.run].critics.values()
    return "--critic" if wildcards.family in {row.family for row in critics} else ""


def training_of(wildcards):
    """Loss, its numbers and the optimizer."""
    return CONFIG.method(wildcards.run).training(CONFIG.runs[wildcards.run], owned(wildcards, wildcards.trained))


def iteration_of(wildcards):
    """The iteration whose learning rate is taken; 0 where there is none."""
    return getattr(paths.trained(wildcards.trained), "iteration", 0)


def opening_of_cases(wildcards):
    """The option that names the frame that a critic's prompts begin with. Those of policies hold the whole frame of their family."""
    trained = paths.trained(wildcards.trained)
    if not isinstance(trained, paths.Critic):
        return ""
    return f"--opening {shlex.quote(CONFIG.runs[wildcards.run].critics[trained.name].shown[0].frame)}"


def origin_model(wildcards):
    """Folder of the policy that training starts from."""
    origin = CONFIG.method(wildcards.run).origin(CONFIG.runs[wildcards.run], owned(wildcards, wildcards.trained))
    return paths.in_run(wildcards.run, paths.model(origin))


def referenced(wildcards):
    """Log-probabilities of the training data under that policy, where the loss compares with them."""
    return f"results/{wildcards.run}/{wildcards.trained}/logprobs.parquet" if training_of(wildcards).referenced else []


def scoring_dtype(wildcards):
    """Log-probabilities are computed as the trainer computes them, or ratios start away from 1."""
    family = family_of(wildcards)
    return "bfloat16" if family.mixed_precision == "bf16" else family.train_dtype


def threads_of_scoring(wildcards):
    """Threads of torch as training has them, and behind them the option for its instructions where these are not the native ones."""
    chosen = training_of(wildcards).optimizer
    return chosen.threads if chosen.kernels == "native" else f"{chosen.threads} --kernels {chosen.kernels}"


def cores_of_training(stage):
    """Threads of a training job: what its stage asks for, and no fewer than torch uses."""
    return lambda wildcards: max(CONFIG.runs[wildcards.run].resources.of(stage).cpus, training_of(wildcards).optimizer.threads)


def query_slice(wildcards):
    """The slice of the queries that a policy explores: the first for the start policy, the n + 1st for iter{n}; or all of a pool."""
    explore = CONFIG.runs[wildcards.run].explore
    if explore.queries_per_iteration is None:
        return ""
    number = paths.Policy.parse(wildcards.policy).iteration + 1 if explore.fresh_queries else 1
    return f"--rows {explore.queries_per_iteration} --slice {number}"


def rollouts_of_a_query_in(mode):
    """Input function: the options that say how many rollouts a query gets in a mode, and at which index they begin."""

    def as_options(wildcards):
        policy = paths.Policy.parse(wildcards.policy)
        drawn = CONFIG.method(wildcards.run).samples(CONFIG.runs[wildcards.run], mode, wildcards.pool, policy)
        return f"--samples {len(drawn)} --first-sample {drawn.start}"

    return as_options


def rollouts_of_a_query(wildcards):
    """The same in the mode of a path."""
    return rollouts_of_a_query_in(wildcards.mode)(wildcards)


def pool_of_queries(wildcards):
    """The queries that a policy explores, if the run has this pool."""
    among(wildcards, "pool", wildcards.pool, [paths.POOL, *CONFIG.runs[wildcards.run].data.pools])
    return paths.in_run(wildcards.run, paths.data(wildcards.pool))


def explored_queries(wildcards):
    """The same, if the method explores in this mode too."""
    among(wildcards, "mode of exploration", wildcards.mode, CONFIG.method(wildcards.run).explored)
    return pool_of_queries(wildcards)


def critic_of(wildcards):
    """Settings of a critic."""
    critics = CONFIG.runs[wildcards.run].critics
    return critics[among(wildcards, "critic", wildcards.critic, critics)]


def case_set_of(wildcards):
    """Settings of a case set."""
    case_sets = CONFIG.runs[wildcards.run].case_sets
    return case_sets[among(wildcards, "case set", wildcards.case_set, case_sets)]


def critic_of_judge(wildcards):
    """Folder of the critic that a judge's name holds, trained with the policy's seed; nothing for rules."""
    if (critic := configuration.critic_of(wildcards.judge)) is None:
        return []
    among(wildcards, "critic", critic, CONFIG.runs[wildcards.run].critics)
    seed = int(wildcards.seed) if "seed" in wildcards.keys() else policy_seed(wildcards)
    return paths.in_run(wildcards.run, paths.model(paths.Critic(critic, seed)))


def queries_of_critic(wildcards):
    return [paths.in_run(wildcards.run, paths.data(pool)) for pool in critic_of(wildcards).pools]


def seeded_on_pools(wildcards, path):
    """A file of the seeded policy for each pool of a critic that learns from its programs, family by family of the run."""
    run, row = CONFIG.runs[wildcards.run], critic_of(wildcards)
    seeded = [paths.Policy(paths.SEEDED, family, int(wildcards.seed)) for family in run.build.families]
    return [paths.in_run(wildcards.run, path(policy, pool)) for policy in seeded for pool in row.pools] if row.rollouts else []


def rollouts_of_critic(wildcards):
    return seeded_on_pools(wildcards, lambda policy, pool: paths.rollouts(policy, "code", pool))


def grades_of_critic(wildcards):
    return seeded_on_pools(wildcards, lambda policy, pool: paths.rollout_grades(policy, "code", "exact", pool))


def tokenizer_of_critic(wildcards):
    """A folder with the tokenizer of a critic: the base of its family."""
    return paths.in_run(wildcards.run, paths.model(paths.Policy(paths.BASE, critic_of(wildcards).family, int(wildcards.seed))))


def queries_of_case_set(wildcards):
    return [f"data/benchmarks/{name}.parquet" for name in case_set_of(wildcards).queries]


def labelled_of_case_set(wildcards):
    return [f"data/cases/{name}.parquet" for name in case_set_of(wildcards).labelled]


def starts_on_case_set(wildcards, path):
    """A file of the start policies' evaluation for each benchmark of a case set that holds their programs."""
    run, row = CONFIG.runs[wildcards.run], case_set_of(wildcards)
    starts = [paths.Policy(paths.START, family, run.build.seeds[0]) for family in run.build.families]
    return [paths.in_run(wildcards.run, path(policy, name)) for policy in starts for name in row.queries] if row.rollouts else []


def responses_of_case_set(wildcards):
    return starts_on_case_set(wildcards, lambda policy, name: paths.responses(policy, "code", name))


def grades_of_case_set(wildcards):
    """Their grades by who counts, the first judge of the run, if that is an oracle, which is sure of every label; else by exact."""
    counts = [*getattr(CONFIG.runs[wildcards.run].evaluate, "judges", ()), "exact"][0]
    judge = counts if counts == "oracle" else "exact"
    return starts_on_case_set(wildcards, lambda policy, name: paths.response_grades(policy, "code", name, judge))


def in_each(modes, path):
    """A path for each mode."""
    return [path.replace("{mode}", mode) for mode in modes]


def overlapping(run, family, benchmark):
    """The items of a benchmark that overlap with anything a family learns from."""
    return [paths.in_run(run, paths.overlap_items(use, benchmark)) for use in family.learned_from]


def overlap_with_training(wildcards):
    """The same, of the path's benchmark and its policy's family."""
    return overlapping(wildcards.run, family_of(wildcards), wildcards.benchmark)


def in_report(path, item, method=""):
    """Marks an output for the HTML report, as its item says."""
    caption = str(
        Path(workflow.basedir, "reports/captions", item.captions or method, f"{item.kind}s", f"{item.name}.rst")
    )  # rules stand in several folders
    return report(path, caption=caption, category=index.menu_entry(item.category), labels={"run": "{run}", "what": item.label})


def published(items):
    """The published values that items show."""
    return [f"data/published/{file}" for file in index.published_files(items)]
