"""Settings of runs of SIaM: what may not be is refused by one sentence, and what its claims ask of the shipped runs holds."""

from collections.abc import Iterable

import pytest
import yaml
from support.configured import ADAMW, change

from mathcode import configuration, settings
from mathcode.methods.siam import artifacts as siam
from mathcode.paths import Policy

SIAM = "runs/siam_demo.yaml"


def filtering(**select) -> dict:
    """An experiment of SIaM."""
    return {"experiments": {"new": {"label": "x", "settings": {"select": select}}}}


def preferring(**overridden) -> dict:
    """A preference of SIaM."""
    return {"preferences": {"new": {"label": "x", "settings": overridden}}}


BAD_SIAM = {
    "unknown judge": ({"select": {"judge": "exakt"}}, ["key 'select.judge'", "unknown judge 'exakt'; did you mean 'exact'?"]),
    "unknown judge of an experiment": (filtering(judge="exakt"), ["experiment 'new': key 'select.judge'", "unknown judge 'exakt'"]),
    "unknown critic of an experiment": (filtering(judge="critic_mian"), ["experiment 'new': key 'select.judge'", "unknown critic 'mian'"]),
    "unknown critic of a preference": (preferring(pair={"judge": "cascade_mian"}), ["preference 'new': key 'pair.judge'", "critic 'mian'"]),
    "unknown judge of evaluations": ({"evaluate": {"judges": ["exact", "exakt"]}}, ["key 'evaluate.judges.1'", "unknown judge 'exakt'"]),
    "no judge of evaluations": ({"evaluate": {"judges": []}}, ["key 'evaluate.judges'", "at least 1 item"]),
    "no queries": ({"data": {"queries": []}}, ["key 'data.queries'", "at least 1 item"]),
    "unknown preference": ({"build": {"preferences": ["dpo1"]}}, ["unknown preference 'dpo1'", "there are: dpo_0"]),
    "unknown case set": ({"build": {"case_sets": ["cases"]}}, ["unknown case set 'cases'", "there are: "]),
    "preference overrides what is shared": (preferring(select={"rows": 1}), ["preference 'new'", "may not override 'select'"]),
    "preference samples otherwise": (preferring(pair={"samples": 2}), ["preference 'new'", "'pair.samples'", "shared"]),
    "preference with an unknown number": (preferring(align={"numbers": {"gamma": 1}}), ["preference 'new'", "key 'align.numbers.gamma'"]),
    "preference with an unknown loss": (preferring(align={"loss": "ppo"}), ["preference 'new'", "key 'align.loss'"]),
    "experiment overrides what is shared": (
        {"experiments": {"new": {"label": "x", "settings": {"pair": {"judge": "exact"}}}}},
        ["experiment 'new'", "may not override 'pair'", "it may override select, train"],
    ),
    "sides of a pair that overlap": (
        {"pair": {"chosen_from": 0.4, "rejected_to": 0.4}},
        ["key 'pair'", "chosen_from 0.4 must be above rejected_to 0.4"],
    ),
    "experiment called critics": ({"experiments": {"critics": {"label": "x"}}}, ["no experiment may be called 'critics'"]),
    "preference called eval": ({"preferences": {"eval": {"label": "x"}}}, ["no preference may be called 'eval'"]),
    "no iteration to align": ({"build": {"aligned": 3}}, ["build.aligned", "no iteration 3"]),
    "one round more than pools": ({"build": {"iterations": 4}}, ["build.iterations 4", "data.pools lacks the pool 'web4'"]),
    "pairs of a pool that a round explores": (
        {"build": {"iterations": 3}},
        ["preference 'dpo_0'", "key 'pair.pool' names 'web3'", "a round explores too (build.iterations 3)"],
    ),
    "pairs of the seed set's questions": (
        {"pair": {"pool": "seed_set"}, "build": {"experiments": ["main"]}},
        ["preference 'dpo_0'", "key 'pair.pool' names 'seed_set', which M_0 learns from"],
    ),
    "pairs of the critics' questions": ({"pair": {"pool": "critic"}}, ["preference 'dpo_0'", "names 'critic', which critics learn from"]),
    "a round of the critics' questions": (
        {"experiments": {"in_domain": {"settings": {"select": {"pool": "critic"}}}}},
        ["experiment 'in_domain': key 'select.pool' names 'critic'", "no policy learns the questions"],
    ),
    "ways to show a case with two frames": (
        {"critics": {"main": {"shown": [{"frame": "none"}, {"frame": "chatml"}]}}},
        ["key 'critics.main.shown'", "the same frame"],
    ),
    "critic asked as it was never taught": (
        {"critics": {"main": {"judge": {"prompt": {"question": True}}}}},
        ["key 'critics.main.judge.prompt'", "none of the ways of 'shown'"],
    ),
    "pool of pairs that is missing": (preferring(pair={"pool": "web9"}), ["preference 'new'", "key 'pair.pool'"]),
    "unknown query dataset of a pool": (
        {"data": {"pools": {"web1": {"datasets": ["forms_web9"]}}}},
        ["unknown query dataset 'forms_web9'"],
    ),
    "critic of an unknown family": ({"critics": {"main": {"family": "tinny"}}}, ["key 'critics.main.family'", "unknown family 'tinny'"]),
    "critic of an unknown origin": ({"critics": {"full": {"origin": "mian"}}}, ["key 'critics.full.origin'", "unknown critic 'mian'"]),
    "critic of another family's critic": ({"critics": {"full": {"family": "tiny"}}}, ["key 'critics.full.origin'", "another family"]),
    "critics in a circle": (
        {"critics": {"main": {"origin": "full"}}},
        ["key 'critics.", "circular: ", "main <- full"],
    ),
    "critic that goes on from itself": ({"critics": {"main": {"origin": "main"}}}, ["key 'critics.main.origin'", "circular: main <- main"]),
    "unknown joined benchmark": ({"evaluate": {"together": ["gsm9k"]}}, ["unknown benchmark 'gsm9k'"]),
    "unknown benchmark of a case set": (
        {"case_sets": {"known_forms": {"queries": ["forms_testz"]}}},
        ["unknown benchmark 'forms_testz'"],
    ),
    "pretrained family without pretraining": ({"data": {"pretraining": []}}, ["key 'data.pretraining'", "'tiny_siam'"]),
    "critic on several GPUs with muon": ({"resources": {"critic": {"gpus": 2}}}, ["muon", "resources.critic"]),
    "muon of a base alone on several GPUs": (
        dict.fromkeys(["seeded", "start", "train", "align"], ADAMW)
        | {"critics": dict.fromkeys(["main", "full"], ADAMW), "resources": {"start": {"gpus": 2}}},
        ["muon", "resources.start"],
    ),
}


@pytest.mark.parametrize("name", BAD_SIAM)
def test_bad_settings_of_a_run_of_siam_are_refused_by_one_sentence_that_names_file_and_key(folder, name):
    override, words = BAD_SIAM[name]
    change(folder / SIAM, override)
    with pytest.raises(settings.SettingsError) as raised:
        configuration.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence
    for word in [str(folder / SIAM), *words]:
        assert word in sentence


@pytest.mark.parametrize("pool", ["seed_set", "web1", "web3", "critic"])
def test_a_pool_that_is_used_must_be_there(folder, pool):
    run = yaml.safe_load((folder / SIAM).read_text(encoding="utf-8"))
    base = yaml.safe_load((folder / "methods/siam.yaml").read_text(encoding="utf-8"))
    del run["data"]["pools"][pool], base["data"]["pools"][pool]
    (folder / SIAM).write_text(yaml.safe_dump(run, allow_unicode=True), encoding="utf-8")
    (folder / "methods/siam.yaml").write_text(yaml.safe_dump(base, allow_unicode=True), encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=rf"siam_demo\.yaml: .*pool '{pool}'"):
        configuration.load(folder)


def test_a_preference_of_another_loss_takes_the_numbers_of_that_loss(shipped):
    run = shipped.runs["siam"]
    trained = {name: configuration.METHODS["siam"].training(run, Policy("main", "llama31", 1, 2, name)) for name in run.preferences}
    assert {"dpo_1", "orpo", "sft_on_chosen"} <= set(trained)
    for training in trained.values():
        configuration.make_loss(training)
    assert trained["dpo_02"].numbers["likelihood_weight"] == 0.2
    assert set(trained["orpo"].numbers) == {"odds_weight", "likelihood_weight", "likelihood_normalisation"}
    assert (trained["dpo_1"].referenced, trained["orpo"].referenced, trained["sft_on_chosen"].numbers) == (True, False, {})


@pytest.mark.parametrize("run", ["siam", "siam_demo", "siam_demo_evidence", "siam_demo_equal"])
def test_controls_take_as_many_steps_as_the_rounds_they_are_held_against(shipped, run):
    """Data of the web against more programs for seed questions, and against none: what differs is the data, not the training."""
    chosen = shipped.runs[run]
    train = configuration.METHODS["siam"].training
    arms = [Policy(name, chosen.build.families[0], 1, number) for name in chosen.build.experiments for number in (1, 2)]
    assert {train(chosen, arm).optimizer.steps for arm in arms} == {600 if run == "siam" else 150}


def test_a_pool_explored_in_every_round_gets_other_samples_in_each(shipped):
    """M_seed, M_0 and M_1 answer the seed set's questions: with the same indices they would draw the same chances."""
    run = shipped.runs["siam_demo"]
    line = [Policy("seeded", "tiny_siam", 1), Policy("start", "tiny_siam", 1), Policy("in_domain", "tiny_siam", 1, 1)]
    drawn = [siam.samples(run, "code", "seed_set", policy) for policy in line]
    assert drawn == [range(8), range(8, 16), range(16, 24)]
    assert siam.samples(run, "code", "web1", line[1]) == siam.samples(run, "code", "web2", Policy("main", "tiny_siam", 1, 1)) == range(4)
    assert siam.samples(run, "code", "web3", Policy("main", "tiny_siam", 1, 1)) == range(8)


def test_a_preference_that_is_not_built_says_nothing_of_how_many_programs_are_sampled(shipped):
    run = shipped.runs["siam_demo"]
    row = run.preferences["dpo_0"].model_copy(update={"settings": {"pair": {"pool": "seed_set"}}})
    other = run.model_copy(update={"preferences": run.preferences | {"unbuilt": row}, "pair": run.pair.model_copy(update={"samples": 16})})
    assert siam.samples(other, "code", "seed_set", Policy("seeded", "tiny_siam", 1)) == range(8)
    assert siam.samples(other, "code", "web3", Policy("main", "tiny_siam", 1, 1)) == range(16)


def test_three_rounds_without_preferences_explore_alike(shipped):
    """The pool of pairs is then that of the third round, and no round gets the samples of pairs; nor is there anything to align."""
    shipped_run = shipped.runs["siam_demo"]
    build = shipped_run.build.model_copy(update={"preferences": [], "iterations": 3, "experiments": ["main"]})
    run = shipped_run.model_copy(update={"build": build})
    policies = [Policy("start", "tiny_siam", 1), *(Policy("main", "tiny_siam", 1, number) for number in (1, 2))]
    assert {siam.samples(run, "code", f"web{number}", policy) for number, policy in enumerate(policies, 1)} == {range(4)}
    assert siam.unaligned(run) == siam.aligned(run) == []


@pytest.mark.parametrize("run", ["siam", "siam_laptop"])
def test_a_critic_of_one_language_is_tested_on_another(shipped, run):
    """The claim across languages: cases that are no attacks in both, and a critic that learned from one."""
    chosen, sources = shipped.runs[run], shipped.sources

    def languages(group: str, names: Iterable[str]) -> set[str]:
        files = [file.path for name in names for file in sources.sources[getattr(sources, group)[name].source].files]
        return {"zh" if "/zh_" in path else "en" for path in files}

    critic = chosen.critics["main"]
    assert critic.origin is None
    assert critic.cases.own_language
    assert languages("queries", [name for pool in critic.pools for name in chosen.data.pools[pool].datasets]) == {"zh"}
    rows = [chosen.case_sets[name] for name in chosen.build.case_sets]
    made = [row for row in rows if row.rollouts or row.cases.rewritten]
    assert languages("benchmarks", [name for row in made for name in row.queries]) == {"zh"}
    assert languages("cases", [name for row in rows for name in row.labelled]) == {"en"}


def test_siam_is_evaluated_on_the_sets_of_its_plan_and_its_training_data_are_cleaned_of_them(shipped):
    chosen = shipped.runs["siam"]
    assert len(chosen.build.benchmarks) == 22
    assert {*chosen.build.benchmarks} <= {*chosen.data.guard}
    assert {*chosen.evaluate.in_domain} < {*chosen.build.benchmarks}


def test_reports_are_told_what_stands_for_the_papers_web_corpus(shipped):
    told = {run: configuration.METHODS["siam"].planned(shipped.runs[run])["web"] for run in ("siam", "siam_laptop", "siam_demo")}
    assert told["siam"] == told["siam_laptop"] == ["talscq_zh", "talscq_en"]
    assert told["siam_demo"] == ["forms_web1", "forms_web2", "forms_web3"]
