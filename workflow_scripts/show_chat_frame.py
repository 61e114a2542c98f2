"""Print the frame that a model's own chat template puts around a question, as the key `prompt` of a family.

    python workflow_scripts/show_chat_frame.py data/mirror/models/mine

Reads:  the tokenizer of a local folder or of a model on the hub.
Writes: a line of YAML to the terminal, to be pasted into config/families.yaml. The frame then stands in the settings, and is recorded
        with every policy, so a later change of the template on the hub affects no run.
"""

import argparse
import json
from pathlib import Path

from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.responses.prompts import QUESTION


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("model", help="folder of the model, or its id on the hub")
    parser.add_argument("--revision", help="commit of the hub repository")
    parser.add_argument("--system", help="message of the system before the question (default: what the template says by itself)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from transformers import AutoTokenizer

    if (args.model.startswith((".", "/")) or args.model.count("/") > 1) and not Path(args.model).is_dir():  # no id of the hub
        raise InputError(f"{args.model}: no such folder")
    try:
        tokenizer = AutoTokenizer.from_pretrained(args.model, revision=args.revision)
    except Exception as error:  # the library raises whatever a damaged file makes it stumble over
        raise InputError(f"{args.model}: no tokenizer can be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from None
    print(f"prompt: {json.dumps(frame_of(tokenizer, args.model, args.system), ensure_ascii=False)}")
    return 0


def frame_of(tokenizer, name: str, system: str | None = None) -> str:
    """The text around a question, up to where the response begins.

    What the tokenizer puts before every text by itself, such as a token for its beginning, is left to it.

    Raises:
        InputError: there is no template, or it does not keep the question as it is.
    """
    if tokenizer.chat_template is None:
        raise InputError(f"{name}: its tokenizer has no chat template; take a prompt profile, such as alpaca")
    messages = [{"role": "system", "content": system}] if system is not None else []
    messages.append({"role": "user", "content": QUESTION})
    try:
        frame = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a template raises what it wants
        raise InputError(f"{name}: its chat template refuses these messages: {error}") from None
    if frame.count(QUESTION) != 1:
        raise InputError(f"{name}: its chat template shows the question {frame.count(QUESTION)} times; it must show it once")
    first = tokenizer("x")["input_ids"][0]
    opens_alone = tokenizer.bos_token is not None and first == tokenizer.bos_token_id
    return frame.removeprefix(tokenizer.bos_token) if opens_alone else frame


if __name__ == "__main__":
    cli.run(main)
