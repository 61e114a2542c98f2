"""The page of the measurements: a table for each kind of part, in the look of a run's summary."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import polars as pl
from parts import PARTS

from mathcode.core import atomic
from mathcode.report import summary
from mathcode.report.columns import Columns

TRAINING = """Random weights and random tokens, through the project's own trainer; the first steps are left out. The 7B shape has
weights and AdamW's states in bf16, on one card. That is not how the run paper trains: with weights in fp32, sharded over eight."""
SAMPLING = """Rollouts in mode code, programs executed; what had not ended when the time was up is not counted. Rows of the 7B shape have
full length: it is untaught."""
KINDS = {
    "training": ("Training steps", TRAINING),
    "sampling": ("Sampling", SAMPLING),
    "writing": (
        "Policies and checkpoints",
        "As the trainer writes them, a checkpoint synced to the disk. Reading may find them in memory.",
    ),
    "programs": ("Whole programs", "A real model fine-tuned and evaluated, and the run demo, through the project's programs."),
    "card": ("The card", "A large bf16 product of random matrices, and copying within the device."),
}
COLUMNS = {
    "part": "what was measured, and the shape of the model",
    "card": "what it was measured on",
    "code": "version of the code",
    "date": "when",
    "state": "measured; failed and overran are tried again by the next start; left out: something it needs is not here",
    "why": "why it was not measured",
    "tokens_per_second": "tokens a second: in training prompt and response without padding, in sampling those that the model wrote",
    "limit_share": "FLOPs that the loss needs, nothing computed twice, against the dense bf16 limit of the card's data sheet, percent",
    "measured_limit_share": "the same against the matrix product measured here, percent",
    "tflops": "10^12 FLOP/s: in training those that the loss needs",
    "peak_memory_gb": "most memory that torch held on the GPU (on a CPU: the process), GB",
    "seconds_per_step": "seconds of an optimiser step",
    "tokens_per_step": "tokens of an optimiser step",
    "micro_batch_tokens": "padded tokens of a forward pass; halved until they fit",
    "weights": "type of the trained weights and of AdamW's states",
    "recomputed": "whether activations are computed again in the backward pass",
    "rows_per_second": "responses a second, their programs run",
    "slots": "rows that the engine decodes at once",
    "slots_percent": "how much of the time, on average, a slot had a row that the engine was at, percent",
    "tokens_per_row": "mean tokens of a response",
    "programs": "programs run",
    "programs_ok": "of these, ended without an error",
    "loading_seconds": "seconds to load the policy and start the engine",
    "gigabytes": "what was written, GB",
    "write_seconds": "seconds to write it",
    "write_gb_per_second": "GB a second written",
    "waits_seconds": "seconds that a training waits for it: on a GPU it is written meanwhile",
    "read_seconds": "seconds to read it onto the device",
    "read_gb_per_second": "GB a second read",
    "train_seconds": "seconds of train_policy.py, its start included",
    "right_percent_before": "right answers of the model as it is, percent",
    "right_percent_after": "right answers after LoRA SFT, percent",
    "demo_seconds": "seconds of the run, or of what was left of it",
    "claims": "claims that the run decides",
    "same_verdicts": "of these, decided as on the CPU",
    "verdicts_moved": "those that are decided otherwise",
    "memory_gb_per_second": "GB a second, read and written, within the device's memory",
}
WHOLE = {"tokens_per_second", "tokens_per_step", "tflops", "seconds", "train_seconds", "demo_seconds", "memory_gb_per_second"}
"""Columns that need no decimals."""
KNOWN = Columns(meanings=COLUMNS, decimals={"seconds_per_step": 3, "gigabytes": 2, "write_gb_per_second": 2, "read_gb_per_second": 2})


def write(rows: Sequence[dict], path: Path) -> None:
    """The page of all lines: every card and version that the file has."""
    order = [part.name for part in PARTS]
    known = sorted((row for row in rows if row["part"] in order), key=lambda row: order.index(row["part"]))
    kind_of = {part.name: part.group for part in PARTS}
    body = [_opening(rows)]
    for kind, (title, sentence) in KINDS.items():
        shown = [_shown(row) for row in known if kind_of[row["part"]] == kind]
        names = [name for name in COLUMNS if any(row.get(name) is not None for row in shown)]
        frame = pl.DataFrame({name: [row.get(name) for row in shown] for name in names}, strict=False)
        body.append(summary.section(kind, title, sentence, frame, None, KNOWN))
    title = "Measured on a GPU" if not all(_rehearsed(row) for row in rows) else "Rehearsed on a CPU"
    atomic.write_text(path, summary.page(title, title, "\n".join(body)))


def _opening(rows: Sequence[dict]) -> str:
    found = sorted({(row["card"], row["code"]) for row in rows})
    listed = "; ".join(f"{escape(card)} (code {escape(code)})" for card, code in found)
    caution = "<p><b>Tiny shapes: this shows that every part runs, and no speed.</b></p>" if any(map(_rehearsed, rows)) else ""
    versions = {name: version for row in rows for name, version in row.get("versions", {}).items()}
    return f"<p>{listed}</p>{caution}<p>{escape(', '.join(f'{name} {version}' for name, version in versions.items()))}</p>"


def _rehearsed(row: dict) -> bool:
    return row["card"].endswith("tiny shapes")


def _shown(row: dict) -> dict:
    """A line as the page shows it: rounded, shares in percent."""
    shown = dict(row)
    for name in ("limit_share", "measured_limit_share"):
        if shown.get(name) is not None:
            shown[name] = 100 * shown[name]
    if "flops_per_second" in row:
        shown["tflops"] = row["flops_per_second"] / 1e12
    if row.get("moved"):
        shown["verdicts_moved"] = "; ".join(row["moved"])
    return {name: round(value) if name in WHOLE else _said(value) for name, value in shown.items()}


def _said(value):
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
