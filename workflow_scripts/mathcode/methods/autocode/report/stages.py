"""Stages of a run of AutoCode, as its table of costs adds them up."""

STAGES = {
    "SFT": r"start/.+/model",
    "exploration": r".+/explore/.+/(rollouts|\d+of\d+)",
    "grading of rollouts": r".+/explore/.+/grades",
    "E-step": r".+/reference_strategy",
    "synthesis": r".+/dataset",
    "behaviour log-probabilities": r".+/logprobs",
    "RL": r".+/iter\d+/model",
    "evaluation": r".+/eval/(greedy|shards/greedy/.+)",
    "evaluation for labels": r".+/eval/(sampled|shards/sampled/.+)",
    "grading of responses": r".+/eval/\w+_grades",
}
"""Name of a stage, and the paths of its jobs below the run's logs."""
