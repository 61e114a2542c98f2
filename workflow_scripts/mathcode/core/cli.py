"""What every program of `workflow_scripts/` shares: help that shows the docstring, logging, errors of one sentence."""

import argparse
import logging
import os
import sys
from collections.abc import Callable

from mathcode.core import garbage, parent
from mathcode.core.errors import UserError, first_line, ran_out_of_memory

_MORE_MEMORY = (
    "let the job hold less at a time (optimizer.micro_batch_tokens when it trains, engine.chunk_rows when it samples),"
    " or ask for more (resources.STAGE.memory_gb and gpus)"
)


def parser(docstring: str | None) -> argparse.ArgumentParser:
    """An argument parser whose `--help` opens with the program's own docstring."""
    return argparse.ArgumentParser(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)


def positive(text: str) -> int:
    """Type of an option that takes a whole number above 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def run(main: Callable[[], int | None]) -> None:
    """Run a program: declared errors become one sentence on stderr and exit status 1.

    A full disk, an unreadable file and too little memory are such errors too; anything else is a defect and keeps its traceback.
    A program that Snakemake started ends with it.
    """
    parent.end_with_snakemake()
    garbage.collect_seldom()
    # Threads of torch that wait for each other sleep: spinning beside other jobs, they are several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    for chatty in ("httpx", "filelock", "fsspec"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        status = main() or 0
    except BrokenPipeError:
        status = 1
    except KeyboardInterrupt:
        _failed("interrupted")
        status = 130  # as a shell says of what Ctrl-C ended
    except (OSError, UserError) as error:
        status = _failed(error)
    except (MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        status = _failed(f"out of memory ({first_line(error)}): {_MORE_MEMORY}")
    sys.stdout.flush()
    sys.exit(status)


def _failed(sentence: object) -> int:
    """Print the last words of a program; its exit status."""
    print(f"{os.path.basename(sys.argv[0])}: {sentence}", file=sys.stderr)
    return 1
