"""The columns that say what a row of each table is about."""

POLICY = ("experiment", "family", "iteration", "mode", "benchmark")

KEYS = dict.fromkeys(("main", "ablation", "frontier", "selection", "dictation", "rounds", "regimes"), POLICY) | {
    "sft_sources": (*POLICY, "dataset"),
    "samples": (*POLICY, "k"),
    "claims": ("claim", "family", "benchmark"),
    "health": ("experiment", "family", "iteration", "kind"),
}
"""The columns that say what a row is about; which rows there are is worked out apart. Every other column is recomputed."""
