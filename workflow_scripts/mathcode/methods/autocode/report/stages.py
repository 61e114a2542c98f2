"""Stages of a run of AutoCode, as its table of costs adds them up."""

from mathcode.methods.method import Stage

STAGES = {
    "SFT": Stage(r"start/.+/model", "start"),
    "exploration": Stage(r".+/explore/.+/(rollouts|\d+of\d+)", "explore"),
    "judging by critics": Stage(r".+/(critic|cascade)_\w+/(grades|verdicts)", "score"),
    "critics": Stage(r"critics/.+/model", "critic"),
    "cases": Stage(r"(critics|cases)/.+"),
    "grading of rollouts": Stage(r".+/explore/.+/grades"),
    "E-step": Stage(r".+/reference_strategy"),
    "synthesis": Stage(r".+/iter\d+/training"),
    "log-probabilities": Stage(r".+/logprobs", "score"),
    "RL": Stage(r".+/iter\d+/model", "train"),
    "evaluation": Stage(r".+/eval/(?!(\w+_)?sampled/)\w+/[^/]+(/\d+of\d+)?", "evaluate"),
    "evaluation for labels": Stage(r".+/eval/(\w+_)?sampled/[^/]+(/\d+of\d+)?", "evaluate"),
    "grading of responses": Stage(r".+/eval/\w+/[^/]+/[^/]+/grades"),
}
