"""A program that a user starts by hand and by mistake, and what the one sentence at its end must say."""

from support.running import program, run_here


def refused(done, name: str, *said: str) -> str:
    """The last words of a program that has failed as it should: one line, of its own, with all that must be said."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith(f"{name}.py: "), sentence
    for words in said:
        assert words in sentence, sentence
    return sentence


def run(name: str, /, **options: object):
    """Run a program here, with options by name."""
    return run_here(*program(name, *(word for option, value in options.items() for word in (f"--{option.replace('_', '-')}", value))))
