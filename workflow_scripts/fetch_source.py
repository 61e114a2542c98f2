"""Fetch one raw source: from a mirror folder, its public address, the hub, or the generator.

    python workflow_scripts/fetch_source.py --name gsm8k_test --mirror mirror --out data/raw/gsm8k_test \\
        --source '{"license": "MIT", "files": [{"path": "gsm8k/test.jsonl.gz", "rows": 1319}]}'

Reads:  the mirror folder or the network.
Writes: a folder with the file or files as they were found and manifest.json (origin, rows, SHA-256); all of it or nothing.
"""

import argparse
import logging

from mathcode import settings
from mathcode.core import cli
from mathcode.data import sources

log = logging.getLogger(__name__)


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--name", required=True, help="name of the source")
    parser.add_argument("--source", required=True, help="the source as JSON, as in config/sources.yaml")
    parser.add_argument("--mirror", default="", help="folder with copies of the public files; empty: none")
    parser.add_argument("--out", required=True, help="folder to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    source = settings.parse(settings.Source, options.source, "--source")
    manifest = sources.fetch(options.name, source, options.mirror, options.out)
    log.info("%s: %d rows from %s", options.name, sum(file["rows"] for file in manifest["files"]), manifest["origin"])
    return 0


if __name__ == "__main__":
    cli.run(main)
