"""Stages of a run of SIaM, as its table of costs adds them up."""

from mathcode.methods.method import Stage

STAGES = {
    "pretraining of the base": Stage(r"base/.+/model", "start"),
    "SFT on the seed set": Stage(r"(seeded|start)/.+/model", "start"),
    "sampling of programs": Stage(r".+/explore/.+/(rollouts|\d+of\d+)", "explore"),
    "judging by critics": Stage(r".+/(critic|cascade)_\w+/(grades|verdicts)", "score"),
    "judging of programs": Stage(r".+/explore/.+/grades"),
    "selection and pairs": Stage(r".+/(accepted|training)"),
    "critics": Stage(r"critics/.+/model", "critic"),
    "SFT of rounds": Stage(r".+/iter\d+/model", "train"),
    "log-probabilities": Stage(r".+/logprobs", "score"),
    "alignment": Stage(r".+/iter\d+/\w+/model", "preference"),
    "evaluation": Stage(r".+/eval/(greedy|sampled)/[^/]+(/\d+of\d+)?", "evaluate"),
    "judging of responses": Stage(r".+/eval/\w+/[^/]+/[^/]+/grades"),
    "cases": Stage(r"(critics|cases)/.+"),
}
"""What a run of SIaM built, in order."""
