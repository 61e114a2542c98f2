"""Judges with a learned critic in them: `critic_NAME` alone, and `cascade_NAME`, in which it reads what the exact judge refuses.

A critic scores a case by P(YES) / (P(YES) + P(NO)) of the next token, over every token that spells the words, in one forward pass. A
case whose program failed or that answers nothing is refused unasked. A pass always has the same shape for a text of the same length, so
the score of a case depends on nothing but the case: not on its batch, its order, or what was judged before a kill.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from mathcode import settings
from mathcode.core import provenance
from mathcode.core.errors import UserError
from mathcode.critic import prompt
from mathcode.grading.exact import ExactJudge
from mathcode.grading.judge import Case, Verdict, shown
from mathcode.policies import folders, kernels

STEP = 32
"""Lengths of texts are filled up to a multiple of so many tokens."""


class CriticError(UserError):
    """A critic that cannot judge: its scores are no numbers."""


class CriticJudge:
    """Accepts a case whose score reaches the threshold."""

    def __init__(self, limits: settings.Grading, name: str, folder: str | Path, chosen: settings.Critic, kept: Path | None = None):
        """A critic by the name of its judge.

        Args:
            limits: section `grading`, which every judge is given; a critic reads nothing of it.
            folder: its policy folder.
            kept: folder for scores that are known already, so that a killed job goes on; None: nothing is kept.
        """
        self.name = f"{name}/{provenance.folder_digest(folder)[:12]}"
        self._folder, self._chosen = folder, chosen
        self._known: dict[str, float] = {}
        self._kept = None if kept is None else kept / f"{settings.fingerprint(self.name, chosen)}.jsonl"

    def __enter__(self) -> Self:

        kernels.use(self._chosen.kernels, self._chosen.threads)
        self._tokenizer = folders.load_tokenizer(self._folder)
        self._special = prompt.special_tokens(self._tokenizer)
        self._words = prompt.spellings(self._tokenizer)
        self._model = folders.load_policy(self._folder, self._chosen.dtype).to(kernels.device())
        if self._kept is not None and self._kept.is_file():
            self._known = dict(_scores(self._kept))
        return self

    def __exit__(self, *error) -> None:
        self._model = None

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict with a score for each case, in order; equal texts are read once.

        Raises:
            CriticError: a score is no number.
            ScoringError: the model's head cannot be computed at single positions.
        """
        texts = [self._text(case) for case in cases]
        wanted = {_key(ids): ids for ids in texts if ids is not None}
        missing = {key: ids for key, ids in wanted.items() if key not in self._known and len(ids) <= self._chosen.max_tokens}
        if too_long := len(wanted) - len(missing) - sum(key in self._known for key in wanted):
            logging.warning("%s: %d texts have more than %d tokens and are refused unasked", self.name, too_long, self._chosen.max_tokens)
        for batch in self._batches(missing):
            self._keep(dict(zip(batch, self._scored([missing[key] for key in batch]), strict=True)))
        if progress:
            progress(len(cases))
        return [self._verdict(case, ids) for case, ids in zip(cases, texts, strict=True)]

    def _text(self, case: Case) -> list[int] | None:
        """Token ids of a case as the critic reads it; None where it is not asked."""
        answer = shown(case)
        if case.ended not in (None, "ok") or answer is None or not answer.strip():
            return None
        asked = prompt.render(case.question, case.gold, case.program, answer, self._chosen.prompt, self._special)
        return [token for piece in prompt.tokens(asked, self._tokenizer) for token in piece]

    def _verdict(self, case: Case, ids: list[int] | None) -> Verdict:
        if case.ended == "infrastructure_error":
            return Verdict("infrastructure_error", False, False)
        if ids is None and case.ended in (None, "ok"):
            return Verdict("no_answer", False, False, 0.0)
        score = 0.0 if ids is None else self._known.get(_key(ids), 0.0)
        accepted = score >= self._chosen.threshold
        return Verdict("correct" if accepted else "wrong", accepted, accepted, score)

    def _batches(self, texts: dict[str, list[int]]) -> Iterator[list[str]]:
        """Keys of texts of one filled-up length, as many as a pass has rows, but one."""
        order = sorted(texts, key=lambda key: (_width(texts[key]), key))
        while order:
            width = _width(texts[order[0]])
            alike = [key for key in order[: max(1, self._rows(width) - 1)] if _width(texts[key]) == width]
            yield alike
            order = order[len(alike) :]

    def _rows(self, width: int) -> int:
        """Rows of a pass: as many as the limit of tokens allows, two at least."""
        return max(2, self._chosen.micro_batch_tokens // width)

    def _scored(self, texts: list[list[int]]) -> list[float]:
        """Scores of texts, in a pass whose shape their filled-up length alone decides: rows are filled up with one of just that length."""
        import torch

        from mathcode.policies import scoring

        width = _width(texts[0])
        filler = (texts[0] * width)[:width]
        rows = [*texts, *[filler] * (self._rows(width) - len(texts))]
        logp = scoring.score_labels(self._model, rows, self._words, self._tokenizer.pad_token_id, micro_batch_tokens=len(rows) * width)
        values = torch.sigmoid(logp[:, 0].double() - logp[:, 1].double())[: len(texts)].tolist()  # P(YES) / (P(YES) + P(NO))
        if any(value != value for value in values):
            raise CriticError(f"{self._folder}: the critic's score of a case is not a number (NaN)")
        return values

    def _keep(self, scores: dict[str, float]) -> None:
        self._known |= scores
        if self._kept is not None:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            with self._kept.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps([key, score]) + "\n" for key, score in scores.items()))


class CascadeJudge:
    """Accepts what the exact judge accepts, with score 1, and what of the rest the critic accepts."""

    def __init__(self, limits: settings.Grading, name: str, folder: str | Path, chosen: settings.Critic, kept: Path | None = None):
        self._exact = ExactJudge(limits)
        self._critic = CriticJudge(limits, name, folder, chosen, kept)
        self.name = f"{self._critic.name}/{self._exact.name}"

    def __enter__(self) -> Self:
        self._exact.__enter__()
        self._critic.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._critic.__exit__(*error)
        self._exact.__exit__(*error)

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, in order.

        Raises:
            GradingError, CriticError: one of the two does not work.
        """
        exact = self._exact.judge(cases, progress)
        refused = [place for place, verdict in enumerate(exact) if not verdict.accepted]
        second = dict(zip(refused, self._critic.judge([cases[place] for place in refused]), strict=True))
        return [_joined(verdict, second.get(place)) for place, verdict in enumerate(exact)]


def _joined(exact: Verdict, critic: Verdict | None) -> Verdict:
    """The critic's yes, else what the exact judge says; the score is the critic's wherever it was needed."""
    if critic is None:
        return Verdict(exact.outcome, True, True, 1.0)
    if critic.accepted:
        return critic
    return Verdict(exact.outcome, False, exact.lenient, critic.score)


def _width(ids: list[int]) -> int:
    """The length to which a text is filled up."""
    return -(-len(ids) // STEP) * STEP


def _key(ids: list[int]) -> str:
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()


def _scores(path: Path) -> Iterator[tuple[str, float]]:
    """Scores kept by an earlier job; a line that a kill cut off is left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            key, score = json.loads(line)
        except ValueError:
            continue
        yield key, score
