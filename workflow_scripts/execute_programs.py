"""Execute programs that nobody trusts: each in a process of its own, isolated and limited.

    python workflow_scripts/execute_programs.py --programs in.jsonl --out out.jsonl --workers 4 --timeout 10

reads   JSON lines {"id", "program"}
writes  JSON lines {"id", "outcome", "stdout", "error", "seconds"}, in the same order

outcome   ok, error, timed_out, memory, output_limit, or infrastructure_error (not the program's fault)
stdout    what it printed; empty for a program that was stopped, because how far it got is random
error     its last error line; empty when ok
seconds   wall clock from the program's start, not from its queueing
"""

import logging
from typing import get_args

from tqdm import tqdm

from mathcode import settings
from mathcode.core import cli, json_lines
from mathcode.interpreter.driver import Interpreter

log = logging.getLogger(__name__)


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--programs", required=True, help="JSON lines with the programs")
    parser.add_argument("--out", required=True, help="JSON lines to write")
    parser.add_argument("--workers", type=int, default=1, help="programs that run at once (%(default)s)")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for each program (%(default)s)")
    parser.add_argument("--memory-mb", type=int, default=1024, help="memory of each program (%(default)s)")
    levels = get_args(settings.IsolationLevel)
    parser.add_argument("--isolation", choices=levels, default="landlock", help="weakest level that will do (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    rows = json_lines.read(args.programs, ["id", "program"])
    limits = {name: getattr(args, name) for name in ("workers", "timeout", "memory_mb", "isolation")}
    limits |= {"preload": ["numpy", "sympy"], "output_chars": 100}
    with (
        Interpreter(settings.of_options(settings.Interpreter, limits)) as interpreter,
        tqdm(total=len(rows), desc="executing", unit="program", mininterval=5) as progress,
    ):
        executions = interpreter.run([row["program"] for row in rows], progress.update)
        log.info("isolation level: %s", interpreter.isolation)
    json_lines.write(
        (
            {
                "id": row["id"],
                "outcome": execution.outcome,
                "stdout": execution.stdout,
                "error": execution.error,
                "seconds": round(execution.seconds, 4),
            }
            for row, execution in zip(rows, executions, strict=True)
        ),
        args.out,
    )
    return 0


if __name__ == "__main__":
    cli.run(main)
