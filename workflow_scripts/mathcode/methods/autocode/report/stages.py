"""Stages of a run of AutoCode, as its table of costs adds them up."""

STAGES = {
    "SFT": r"start/.+/model",
    "exploration": r".+/explore/.+/(rollouts|\d+of\d+)",
    "grading of rollouts": r".+/explore/.+/grades",
    "E-step": r".+/reference_strategy",
    "synthesis": r".+/iter\d+/training",
    "log-probabilities": r".+/logprobs",
    "RL": r".+/iter\d+/model",
    "evaluation": r".+/eval/greedy/[^/]+(/\d+of\d+)?",
    "evaluation for labels": r".+/eval/sampled/[^/]+(/\d+of\d+)?",
    "grading of responses": r".+/eval/\w+/[^/]+/[^/]+/grades",
}
"""Name of a stage, and the paths of its jobs below the run's logs."""
