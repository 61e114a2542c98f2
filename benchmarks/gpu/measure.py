"""Measure training, sampling and writing on this machine's GPU; `run.sh` beside this file starts it, and says what it needs.

    python benchmarks/gpu/measure.py --out logs/gpu
    python benchmarks/gpu/measure.py --tiny --only sft-0.5b policy-0.5b transformers-0.5b
    python benchmarks/gpu/measure.py --minutes 30 --only demo --claims results/demo/tables/claims.csv

Writes `measurements.jsonl`, a line for each part as soon as it is measured, and `page.html`, which shows them all. A part is measured
once on a card with one version of code, settings and packages, and one --model: a second start goes on with what is missing, and tries
again what failed or had no time.
Parts come in the order of their worth, so stop it whenever you like. Without a GPU every part is rehearsed at tiny shapes on the CPU.
"""

import argparse
import datetime
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow_scripts"))

import cards
from parts import PARTS, Job, Part

from mathcode.core import cli, json_lines, parent, provenance
from mathcode.core.errors import InputError
from mathcode.policies import kernels

ROOT = Path(__file__).parents[2]
NEEDED = ("torch", "transformers", "accelerate", "peft", "polars", "pydantic", "yaml", "tqdm", "numpy", "safetensors")
"""Modules without which nothing can be measured."""

MEASURED, FAILED, OVERRAN, LEFT_OUT = "measured", "failed", "overran", "left out"
"""States of a part; the first is not measured again."""
STARTING = 90
"""Seconds that a process may take for its imports."""
KEY = ("part", "card", "code")


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("logs/gpu"), help="folder for the lines and the page (%(default)s)")
    parser.add_argument("--work", type=Path, help="folder for policies, checkpoints and logs: some 30 GB (default: work in --out)")
    parser.add_argument("--minutes", type=float, default=8, help="when to stop, the part that runs then included (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], metavar="PART", help="these parts; --list names them")
    parser.add_argument("--list", action="store_true", help="print the parts in their order, with the seconds each may take, and stop")
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, to rehearse; so it is where there is no GPU")
    parser.add_argument("--model", help="folder of a real model of 0.5B or so, such as Qwen2.5-Coder-0.5B-Instruct, for the part `real`")
    parser.add_argument("--profile", default="chatml", help="prompt profile of that model (%(default)s)")
    parser.add_argument(
        "--claims", help="claims.csv of the run demo on a CPU, for the part `demo` (default: that of results/, if it is there)"
    )
    parser.add_argument("--vllm-python", help="a Python that has vLLM and what the project needs (default: this one, where it has vLLM)")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.worker is not None:
        return work(Connection(args.worker))
    if args.list:
        print("\n".join(f"{part.name:20s} {part.limit:5.0f} s" for part in PARTS))
        return 0
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise InputError(f"not installed: {', '.join(missing)}; run.sh --help says how to bring them as wheels")
    card = cards.gpu()
    args.tiny = args.tiny or card is None
    args.work = args.work or args.out / "work"
    args.work.mkdir(parents=True, exist_ok=True)
    lines = Lines(args.out, {"card": f"{card or cards.cpu()}{', tiny shapes' if args.tiny else ''}", "code": code_version(args)})
    todo = [part for part in PARTS if part.name in (args.only or [part.name]) and not lines.has(part)]
    print(f"{lines.about['card']}, code {lines.about['code']}: {len(todo)} parts to measure, {args.minutes:g} minutes", flush=True)
    end = time.monotonic() + 60 * args.minutes
    for row in measured(todo, args, end):
        lines.add(row)
        print(said(row), flush=True)
    lines.show()
    print(f"{args.out / 'page.html'}: {len(lines.own())} of {len(PARTS)} parts have a line")
    return 0


def code_version(args) -> str:
    """Eight digits that change with what is measured and what measures: code, settings, packages, the real model. No git is needed.

    Raises:
        InputError: --model is no folder of a model, or --vllm-python no Python.
    """
    total = hashlib.sha256(repr(packages(args.vllm_python)).encode())
    if args.model:
        total.update(provenance.folder_digest(args.model).encode())
    code = [*(ROOT / "workflow_scripts").rglob("*.py"), *Path(__file__).parent.glob("*.py")]
    for path in sorted([*code, *(ROOT / "config").rglob("*.yaml")]):
        if path.name != "page.py":
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:8]


def packages(vllm_python: str | None) -> list[dict[str, str]]:
    """Versions of what numbers depend on, here and in the Python that has vLLM.

    Raises:
        InputError: that Python does not run.
    """
    found = [provenance.versions()]
    if vllm_python:
        look = "import json, sys; sys.path[:0] = sys.argv[1:]; from mathcode.core.provenance import versions; print(json.dumps(versions()))"
        try:
            words = [vllm_python, "-c", look, str(ROOT / "workflow_scripts")]
            found.append(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout))
        except (OSError, subprocess.CalledProcessError) as error:
            raise InputError(f"--vllm-python: {vllm_python} cannot say which packages it has ({error})") from error
    return found


class Lines:
    """The file of measurements and the page made of it; both are written whole after every part.

    Args:
        about: card and version of the code, which with the part's name are a line's key.
    """

    def __init__(self, folder: Path, about: dict[str, str]):
        self.about, self._folder, self._path = about, folder, folder / "measurements.jsonl"
        self.rows = json_lines.read(self._path, KEY) if self._path.is_file() else []

    def own(self) -> list[dict]:
        """Lines of this card and code."""
        return [row for row in self.rows if all(row[name] == value for name, value in self.about.items())]

    def has(self, part: Part) -> bool:
        return any(row["part"] == part.name and row["state"] == MEASURED for row in self.own())

    def add(self, row: dict) -> None:
        """A line, in place of one with the same key."""
        row = {"part": row["part"], **self.about, **row, "date": datetime.datetime.now(datetime.UTC).date().isoformat()}
        if flops := row.get("flops_per_second"):
            row |= {"limit_share": _share(flops, cards.limit(self.about["card"])), "measured_limit_share": _share(flops, self._reached())}
        self.rows = [other for other in self.rows if any(other[name] != row[name] for name in KEY)] + [row]
        json_lines.write(self.rows, self._path)
        self.show()

    def show(self) -> None:
        """Write the page; also a start that finds nothing to measure does, since the one before may have been killed ahead of it."""
        import page

        page.write(self.rows, self._folder / "page.html")

    def _reached(self) -> float | None:
        """FLOP/s of the matrix product on this card, if it was measured."""
        return next((row["flops_per_second"] for row in self.own() if row["part"] == "limit" and row["state"] == MEASURED), None)


def _share(flops: float, limit: float | None) -> float | None:
    return flops / limit if limit else None


def said(row: dict) -> str:
    """A line for who looks on."""
    shown = ("tokens_per_second", "rows_per_second", "flops_per_second", "peak_memory_gb", "write_gb_per_second", "right_percent_after")
    numbers = ", ".join(f"{name} {row[name]:.4g}" for name in shown if name in row)
    return f"{row['part']:20s} {row['state']}, {row.get('seconds', 0):.1f} s; {row.get('why') or numbers}".rstrip("; ")


def measured(todo: Sequence[Part], args, end: float) -> Iterator[dict]:
    """Rows of the parts in their order, as they are measured, until `end` on the monotonic clock."""
    ready = []
    for part in todo:
        why = lacking(part, args)
        if why is None:
            ready.append(part)
        else:
            yield {"part": part.name, "state": LEFT_OUT, "why": why}
    while ready and time.monotonic() < end - 5:
        together = list(takewhile(lambda part: part.process == ready[0].process, ready))
        for row in worker(together, args, end):
            ready.pop(0)
            yield row


def lacking(part: Part, args) -> str | None:
    """Why a part cannot be measured here; None: it can."""
    if part.process.startswith("vllm") and not args.vllm_python and importlib.util.find_spec("vllm") is None:
        return "vLLM is not installed; --vllm-python names a Python that has it"
    if part.name == "real" and not args.model and not args.tiny:
        return "no --model was given"
    if part.name == "demo" and importlib.util.find_spec("snakemake") is None:
        return "snakemake is not installed"
    return None


def worker(parts: Sequence[Part], args, end: float) -> Iterator[dict]:
    """Rows of parts from one process; its end, by itself or as it was killed for its time, is told by the row of the part it was at."""
    here, there = Pipe()
    log = args.work / "parts.log"
    python = (args.vllm_python if parts[0].process.startswith("vllm") else None) or sys.executable
    with open(log, "ab") as handle:
        started = subprocess.Popen(
            [python, __file__, "--worker", str(there.fileno())],
            pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, start_new_session=True,
        )  # fmt: skip
    there.close()
    try:
        here.send_bytes(json.dumps(task(parts, args)).encode())
        yield from _rows(here, parts, end, log)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def task(parts: Sequence[Part], args) -> dict:
    """What a worker is told."""
    claims = args.claims or next((str(path) for path in [ROOT / "results/demo/tables/claims.csv"] if path.is_file()), None)
    job = {"tiny": args.tiny, "work": str(args.work.resolve()), "model": args.model, "profile": args.profile, "claims": claims}
    return {"parts": [part.name for part in parts], "job": job}


def _rows(here: Connection, parts: Sequence[Part], end: float, log: Path) -> Iterator[dict]:
    """Rows as they come; the last one may be that of a part that took too long, or during which the process died."""
    for awaited in (None, *parts):  # first that it has started
        part = awaited or parts[0]
        allowed = min(awaited.limit if awaited else STARTING, max(end - time.monotonic(), 0))
        begun = time.monotonic()
        try:
            if not here.poll(allowed):
                yield {"part": part.name, "state": OVERRAN, "why": f"stopped after {allowed:.0f} s", "seconds": allowed}
                return
            row = json.loads(here.recv_bytes())
        except (EOFError, ConnectionResetError):
            yield {"part": part.name, "state": FAILED, "why": f"its process died ({log})", "seconds": time.monotonic() - begun}
            return
        if awaited:
            yield row


def work(channel: Connection) -> int:
    """The worker: measure the parts that one is told of, and send a row of each."""
    parent.end_with_it(signal.SIGKILL)  # a start that is killed leaves nobody on the GPU
    told = json.loads(channel.recv_bytes())
    by_name = {part.name: part for part in PARTS}
    if not any(by_name[name].process.startswith("vllm") for name in told["parts"]):
        kernels.spare_memory()  # as runs without vLLM do, and before any part starts CUDA
    job = told["job"] | {"work": Path(told["job"]["work"])}
    for module in ("torch", "transformers", "accelerate", "peft"):
        with suppress(ImportError):  # a Python of vLLM's needs no more than that brings
            import_module(module)
    channel.send_bytes(b"{}")
    for name in told["parts"]:
        begun = time.monotonic()
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            row = {"state": MEASURED, **by_name[name].run(Job(device=cards.device(), seconds=by_name[name].limit / 3, **job))}
        except Exception as error:
            traceback.print_exc()
            row = {"state": FAILED, "why": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"}
        about = {"part": name, "seconds": time.monotonic() - begun, "versions": provenance.versions()}
        channel.send_bytes(json.dumps({**about, **row}).encode())
        cards.forget()
    return 0


if __name__ == "__main__":
    cli.run(main)
