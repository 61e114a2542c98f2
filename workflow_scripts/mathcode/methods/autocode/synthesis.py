"""Synthesis: complete responses y = [y_c, y_a] from rollouts, their masks, and query-wise whitened advantages.

Self-exploratory responses are rollouts (right and wrong, RL needs both) that follow the reference decision, cue first.
Self-reflective ones join a failed try by the other methodology, a hint, and a successful try by the reference one
(v1 Sec. 3.2; hints from the released program).
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, pstdev, stdev
from typing import get_args

import polars as pl

from mathcode import settings, tables
from mathcode.core import random_streams
from mathcode.core.errors import UserError
from mathcode.measures import outcomes
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.settings import Synthesize
from mathcode.policies import tokens
from mathcode.responses import prompts
from mathcode.responses.form import Form

log = logging.getLogger(__name__)

EPSILON = 1e-6
"""Added to the standard deviation of rewards, as in verl's group-normalised advantage."""
_LEVELS = get_args(settings.IsolationLevel)


class SynthesisError(UserError):
    """The rollouts leave nothing to train on."""


@dataclass(frozen=True)
class Piece:
    """A stretch of tokens and what training makes of it. `logprobs`: as sampled, for its loss tokens, or None."""

    token_ids: list[int]
    loss: list[bool]
    selection: list[bool]
    logprobs: list[float] | None


@dataclass(frozen=True)
class Try:
    """One rollout with its grade."""

    mode: str
    sample: int
    methodology: str
    reward: float
    response: str
    token_ids: list[int]
    generated: list[bool]
    logprobs: list[float]
    isolation: str | None = None

    @property
    def name(self) -> str:
        return f"{self.mode}:{self.sample}"


def synthesize(
    rollouts: pl.DataFrame,
    grades: pl.DataFrame,
    strategy: pl.DataFrame,
    questions: dict[str, str],
    tokenizer,
    profile: str,
    chosen: Synthesize,
    iteration: int,
    seed: int,
    form: Form = FORM,
) -> pl.DataFrame:
    """The training set of one iteration, as table `training`, for an off-policy loss.

    Args:
        rollouts, grades: tables of the policy's exploration, any mix of modes.
        strategy: table `reference_strategy`; ignored when every rollout is kept (`keep: all`, standard RL).
        questions: question text by query_id.
        iteration: self-reflective responses start at `chosen.reflective_from_iteration`.
        form: cues and hints of the run's methodologies.

    Raises:
        SynthesisError: no query has a label and a response; a rollout has no grade, or stands there twice, or its query is unknown.
    """
    builder = _Builder(tokenizer, profile, chosen, form)
    labels = dict(strategy.select("query_id", "label").iter_rows())
    reflective = chosen.reflective_per_query if iteration >= chosen.reflective_from_iteration else 0
    rows = []
    for query_id, tries in _tries(rollouts, grades).items():
        if query_id not in questions:
            raise SynthesisError(f"query '{query_id}' of the rollouts is not among the queries")
        label = labels.get(query_id)
        if chosen.keep == "reference" and label is None:
            continue
        kept = tries if chosen.keep == "all" else [a_try for a_try in tries if a_try.methodology == label]
        built = [builder.exploratory(a_try) for a_try in kept]
        if reflective and label is not None:
            built += builder.reflective(tries, label, reflective, random_streams.stream(seed, query_id, "reflective", 0))
        advantages = whiten([response["reward"] for response in built], chosen)
        prompt = prompts.render(profile, questions[query_id])
        for number, (response, advantage) in enumerate(zip(built, advantages, strict=True)):
            if advantage is not None:
                key = {"example_id": f"{query_id}:{number}", "query_id": query_id, "loss": "off_policy"}
                rows.append({**key, "prompt": prompt, "advantage": advantage, **response})
    if not rows:
        raise SynthesisError(
            "no query has a reference label and a response to learn from; the log of the E-step says why labels are missing"
        )
    frame = pl.DataFrame(rows, schema=tables.TRAINING.schema)
    kinds = dict(sorted(frame["kind"].value_counts().iter_rows()))
    log.info("%d responses of %d queries: %s", len(frame), frame["query_id"].n_unique(), kinds)
    return frame


def whiten(rewards: list[float], chosen: Synthesize) -> list[float | None]:
    """Query-wise whitened rewards: (R - mean) / (std + 1e-6) over all training responses of the query.

    `paper`: unbiased standard deviation, as verl does; a group of one keeps its reward; equal rewards give 0, or
    `all_correct_advantage` where all are right. `released`: population deviation; a query without a right response is
    dropped (None), one with only right ones gets reward 1 each.
    """
    if not rewards:
        return []
    mean = fmean(rewards)
    if min(rewards) == max(rewards):
        if chosen.whitening == "released":
            return [1.0 if mean > 0 else None] * len(rewards)
        if len(rewards) == 1 and chosen.all_correct_advantage == 0:
            return [mean]
        return [chosen.all_correct_advantage if mean > 0 else 0.0] * len(rewards)
    if chosen.whitening == "released":
        whitened = [(reward - mean) / pstdev(rewards) for reward in rewards]
    else:
        whitened = [(reward - mean) / (stdev(rewards) + EPSILON) for reward in rewards]
    floor = chosen.min_advantage
    return whitened if floor is None else [max(value, floor) for value in whitened]


def _tries(rollouts: pl.DataFrame, grades: pl.DataFrame) -> dict[str, list[Try]]:
    """Graded rollouts by query; infrastructure errors are no evidence and left out."""
    key = ["query_id", "mode", "sample"]
    for name, frame in {"rollouts": rollouts, "grades": grades}.items():
        if (twice := frame.filter(frame.select(key).is_duplicated())).height:
            raise SynthesisError(f"{name}: query '{twice['query_id'][0]}' has sample {twice['sample'][0]} of mode {twice['mode'][0]} twice")
    joined = rollouts.join(grades.select(*key, "strict", "outcome"), on=key, how="inner").sort(key)
    if len(joined) != len(rollouts):
        query_id, mode, sample = rollouts.join(joined, on=key, how="anti").select(key).row(0)
        raise SynthesisError(
            f"{len(rollouts) - len(joined)} rollouts have no grade; the first is sample {sample} of mode {mode} for query '{query_id}'"
        )
    tries = defaultdict(list)
    for row in outcomes.usable(joined).iter_rows(named=True):
        tries[row["query_id"]].append(
            Try(
                *(row[name] for name in ("mode", "sample", "methodology")),
                float(row["strict"]),
                *(row[name] for name in ("response", "token_ids", "generated", "logprobs", "isolation")),
            )
        )
    return tries


class _Builder:
    """Joins tokens of rollouts into complete responses. Text is never tokenised again behind a mask."""

    def __init__(self, tokenizer, profile: str, chosen: Synthesize, form: Form):
        self.tokenizer, self.learn_hint, self.form = tokenizer, chosen.learn_hint, form
        self.add_cues = chosen.keep == "reference"  # standard RL selects nothing: its rollouts are taken as they are
        self.lead = prompts.profile(profile).lead
        self.ends = set(tokenizer.all_special_ids)  # a model may know several tokens that end a response

    def exploratory(self, a_try: Try) -> dict:
        pieces = self._complete(a_try, first=True)
        return self._row(pieces, [a_try], a_try.reward, "exploratory_native" if a_try.mode == "native" else "exploratory_dictated")

    def reflective(self, tries: list[Try], label: str, limit: int, seed: int) -> list[dict]:
        """At most `limit` pairs of a failed other-methodology try and a successful try by the reference one, drawn by seed."""
        import random

        failed = [a_try for a_try in tries if a_try.methodology != label and not a_try.reward and self._single(a_try)]
        right = [a_try for a_try in tries if a_try.methodology == label and a_try.reward and self._single(a_try)]
        pairs = [(wrong, good) for wrong in failed for good in right]
        picked = random.Random(seed).sample(pairs, min(limit, len(pairs)))
        return [self._reflect(wrong, good, label) for wrong, good in picked]

    def _reflect(self, wrong: Try, good: Try, label: str) -> dict:
        hint = self._encode(f"\n{self.form.hints[label]}\n")
        first = self._mask(self._complete(wrong, first=True, end=False))
        between = Piece(hint, [bool(self.learn_hint)] * len(hint), [self.learn_hint == "selection"] * len(hint), None)
        pieces = [*first, between, *self._complete(good, first=False)]
        return self._row(pieces, [wrong, good], good.reward, "reflective")

    def _single(self, a_try: Try) -> bool:
        return len(self.form.attempts(a_try.response)) == 1

    def _mask(self, pieces: list[Piece]) -> list[Piece]:
        """The failed attempt is context: nothing of it, its cue included, is learned."""
        return [Piece(piece.token_ids, [False] * len(piece.loss), [False] * len(piece.loss), None) for piece in pieces]

    def _complete(self, a_try: Try, first: bool, end: bool = True) -> list[Piece]:
        """Cue and solution of a rollout; the cue is added where the rollout has none."""
        ids, generated, logprobs = list(a_try.token_ids), list(a_try.generated), list(a_try.logprobs)
        if not end and ids and ids[-1] in self.ends:
            ids, generated, logprobs = ids[:-1], generated[:-1], logprobs[:-1]
        opening = self._opening_cue(a_try)
        if opening is None and self.add_cues:
            cue = self._encode((self.lead if first else "") + self.form.cues[a_try.methodology] + "\n")
            return [Piece(cue, [True] * len(cue), [True] * len(cue), None), Piece(ids, generated, [False] * len(ids), None)]
        marks = [position < (opening or 0) for position in range(len(ids))]
        return [Piece(ids, generated, marks, logprobs if a_try.mode == "native" else None)]

    def _opening_cue(self, a_try: Try) -> int | None:
        """How many tokens of the rollout spell its opening cue; None when it opens without one."""
        if not a_try.response.lstrip().startswith(self.form.cues[a_try.methodology]):
            return None
        cue = self.form.cues[a_try.methodology]
        for length in range(1, len(a_try.token_ids) + 1):
            if self.tokenizer.decode(a_try.token_ids[:length], skip_special_tokens=True).lstrip().startswith(cue):
                return length
        return None

    def _row(self, pieces: list[Piece], parents: list[Try], reward: float, kind: str) -> dict:
        token_ids = [token for piece in pieces for token in piece.token_ids]
        sampled = pieces[0].logprobs if len(pieces) == 1 else None
        return {
            "response": self.tokenizer.decode(token_ids, skip_special_tokens=True),
            "kind": kind,
            "methodology": parents[-1].methodology,
            "reward": reward,
            "token_ids": token_ids,
            "loss_mask": [flag for piece in pieces for flag in piece.loss],
            "selection_mask": [flag for piece in pieces for flag in piece.selection],
            "sampled_logprobs": sampled,
            "parents": [parent.name for parent in parents],
            "isolation": min((parent.isolation for parent in parents if parent.isolation), key=_LEVELS.index, default=None),
        }

    def _encode(self, text: str) -> list[int]:
        return tokens.encode_text(self.tokenizer, text)
