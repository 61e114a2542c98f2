"""Bring the base model of a family into the repository: links to a local folder, or a download from the hub.

    python workflow_scripts/fetch_model.py --name qwen --family '{"hub": "Qwen/...", ...}' --mirror data/mirror --out data/models/qwen

reads   the folder MIRROR/models/NAME if there is one, else the local folder `path` of the family, else `hub` at `revision`
writes  a policy folder
"""

from pathlib import Path

from autocode import commandline, models, settings


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--name", required=True, help="name of the family")
    parser.add_argument("--mirror", default="", help="mirror folder for machines without internet")
    parser.add_argument("--family", required=True, help="JSON of the family")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    family = settings.parse(settings.Family, args.family, "--family")
    mirrored = Path(args.mirror) / "models" / args.name
    if mirrored.is_dir() or family.path:
        models.link_policy(mirrored if mirrored.is_dir() else family.path, args.out)
    elif family.hub:
        models.download(family.hub, family.revision, args.out)
    else:
        raise commandline.InputError(f"family '{args.name}' names neither a local folder (path) nor a hub model (hub)")
    return 0


if __name__ == "__main__":
    commandline.run(main)
