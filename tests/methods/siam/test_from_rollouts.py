"""From the loop to what is learned: the response of a policy that was taught by demonstrations comes back as these very tokens."""

import polars as pl
import pytest
from support.siam import graded, tiny_queries
from support.strategies import block

from mathcode import settings, tables
from mathcode.interpreter.driver import Execution
from mathcode.measures import lengths
from mathcode.methods.siam import METHOD, asking, demonstrations, pairing, selection
from mathcode.methods.siam.settings import Pair, Select
from mathcode.policies import scratch
from mathcode.responses import prompts

PROGRAMS = ["a = 2\nprint(a + 3)", "print(6)"]
QUERIES = tiny_queries("q1")


class Interpreter:
    """Prints what the programs of this test print."""

    isolation = "landlock"
    limits = settings.Interpreter(timeout=5, memory_mb=512, output_chars=200, preload=[], max_infrastructure_errors=0)

    def run(self, wanted):
        return [Execution("ok", "5\n" if programs[-1] == PROGRAMS[0] else "6\n", "") for programs in wanted]


@pytest.mark.stage
@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_what_was_demonstrated_is_sampled_selected_and_paired(profile, tmp_path):
    from mathcode.rollouts import loop  # with torch
    from mathcode.rollouts.engines import Completion
    from mathcode.rollouts.rows import plan_rows

    solved = [(f"p{number}", "d", "Question q1?", "5", "code", block(one), None, None, "en") for number, one in enumerate(PROGRAMS)]
    pairs = pl.DataFrame(solved, schema=tables.SFT.schema, orient="row")
    tokenizer = scratch.build_tokenizer(demonstrations.texts(pairs, profile), 150, METHOD.form.phrases)
    taught = demonstrations.demonstrations(pairs, [], tokenizer, profile)["token_ids"].to_list()

    class Engine:
        def generate(self, requests):
            return [Completion(ids, [-0.5] * len(ids), "eos") for ids in taught]

    Engine.tokenizer = tokenizer
    frame = prompts.profile(profile).frame
    rows = plan_rows(QUERIES, "code", range(2), 1, lambda question: asking.render(profile, "code", question), tokenizer, 200, frame)
    sampling = settings.Sampling(temperature=0.8, top_p=1.0, max_new_tokens=60, max_calls=1)
    limits = settings.Engine.model_construct(chunk_rows=8, continuous_batching=False, max_model_len=400)
    (rolled,) = loop.sample_rollouts([loop.Plan(rows, tmp_path)], Engine(), Interpreter(), sampling, limits, METHOD.form)
    assert rolled["finish_reason"].to_list() == ["calls", "calls"]
    found = lengths.lengths(rolled)
    assert found["tokens"].to_list() == [len(ids) for ids in taught]
    assert found["ended"].all()
    grades = graded([("q1", 0, None, True), ("q1", 1, None, False)])
    chosen = Select(judge="exact", threshold=0.5, per_question=4, keep="accepted", pool=None, balance="none", rows=None)
    accepted = selection.select(rolled, grades, QUERIES, "web1", chosen, 1)
    assert accepted.select("program", "result").rows() == [(PROGRAMS[0], "5\n")]
    assert demonstrations.demonstrations(None, [accepted], tokenizer, profile)["token_ids"].to_list() == taught[:1]
    how = {"judge": "exact", "pool": "web3", "samples": 2, "chosen_from": 0.9, "rejected_to": 0.1, "sure": True}
    made = pairing.pair(rolled, grades, QUERIES, "web3", Pair(**how, chosen="shortest", per_question=1), 1, tokenizer, True)
    assert made["token_ids"].to_list() == taught
    assert made["response"].to_list() == [prompts.profile(profile).lead + asking.response(program) for program in PROGRAMS]
