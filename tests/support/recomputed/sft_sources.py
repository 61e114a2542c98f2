"""Rows of the table of what the start policies were fine-tuned on."""

from mathcode.report import columns
from support.recomputed.finished_run import Run
from support.recomputed.keys import POLICY
from support.recomputed.published import number, published


def sft_row(run: Run, row: dict) -> dict:
    pairs = [one for one in run.rows("data/sft.parquet") if one["dataset"] == row["dataset"]]

    def about(path: str) -> list[dict]:
        return [one for one in run.rows(path) if (one["dataset"], one["benchmark"]) == (row["dataset"], row["benchmark"])]

    (compared,) = about(f"data/overlap/sft/{row['benchmark']}/counts.parquet")
    return dict.fromkeys(set(columns.OPENING) - set(POLICY)) | {
        "n": compared["benchmark_items"],
        "contaminated": len({one["query_id"] for one in about(f"data/overlap/sft/{row['benchmark']}/items.parquet")}),
        "pairs": len(pairs),
        "cot_pairs": sum(one["methodology"] == "cot" for one in pairs),
        "code_pairs": sum(one["methodology"] == "code" for one in pairs),
        "queries": len({one["query_id"] for one in pairs}),
        "rows_before": compared["training_rows"],
        "removed_rows": compared["removed_rows"],
        "published_queries": number(published("released_sft_sources", source=row["dataset"]).get("queries")),
    }
