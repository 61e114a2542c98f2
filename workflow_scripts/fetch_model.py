"""Bring the base model of a family into the repository: links to a local folder, or a download from the hub.

    python workflow_scripts/fetch_model.py --name qwen --hub Qwen/Qwen2.5-Coder-0.5B-Instruct --revision ea3f247 \\
        --mirror data/mirror --out data/models/qwen

reads   the folder MIRROR/models/NAME if there is one (its SHA256SUMS are checked), else the local folder PATH, else HUB at REVISION
writes  a policy folder
"""

from mathcode.core import cli
from mathcode.policies import mirrors


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--name", required=True, help="name of the family")
    parser.add_argument("--mirror", default="", help="mirror folder for machines without internet")
    parser.add_argument("--path", help="local folder with the model")
    parser.add_argument("--hub", help="hub id of the model")
    parser.add_argument("--revision", help="commit of the hub repository")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    mirrored = mirrors.in_mirror(args.mirror, args.name)
    if mirrored.is_dir():
        mirrors.check_origin(mirrored, args.hub, args.revision)
        mirrors.check_checksums(mirrored)
        mirrors.link_policy(mirrored, args.out)
    elif args.path:
        mirrors.link_policy(args.path, args.out)
    else:
        mirrors.download(args.name, args.hub, args.revision, args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
