"""How well the chat understands sentences that it was not trained on, and what a sentence costs.

``python -m benchmarks.understanding`` splits the sentences of ``config/intents/sentences/`` into five parts, trains on
four and asks about the fifth, five times, as each kind of person who may mean the sentence. Needs scikit-learn, as
``app.train_intents`` does. The split is fixed, so the same sentences give the same figures.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.model_selection import StratifiedKFold

from app.intent_files import IntentFiles
from app.train_intents import train
from domain.understanding.decision import SentenceMeaning, decide, rank, split_candidates
from domain.understanding.intents import UNKNOWN, Intent, Speaker
from domain.understanding.model import LinearModel

FOLDS = 5
SPEAKERS = (Speaker.GUEST, Speaker.APPLICANT, Speaker.EXPERT, Speaker.AGENCY, Speaker.STAFF)


@dataclass
class Tally:
    """What became of the sentences of one kind of person."""

    sentences: int = 0
    first: int = 0
    """The likeliest intent is the meant one."""
    among_three: int = 0
    answered: int = 0
    """Answered at once, whether rightly or not."""
    answered_rightly: int = 0
    offered_rightly: int = 0
    """Asked back, with the meant one among the offers."""
    not_understood: int = 0
    wrong_acts: list[tuple[str, str, str]] = field(default_factory=list)
    """Sentence, the meaning, and the act that it began."""


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the chat understands.")
    parser.add_argument("--confusions", type=int, default=0, help="print as many pairs of confused intents")
    arguments = parser.parse_args()
    files = IntentFiles()
    labelled = files.read_sentences().labelled()
    tallies: dict[Speaker, Tally] = defaultdict(Tally)
    by_intent: Counter[tuple[str, bool]] = Counter()
    confused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sentence, meant, scores in _held_out(labelled):
        for speaker in SPEAKERS:
            if meant == UNKNOWN or files.intents[meant].may_be_of([speaker]):
                first = _count(tallies[speaker], files.intents, speaker, sentence, meant, scores)
                by_intent[meant, first == meant] += 1
                if first != meant:
                    confused[meant, first].append(sentence)
    for speaker, tally in tallies.items():
        print(_line(speaker, tally))
    for speaker, tally in tallies.items():
        for sentence, meant, act in tally.wrong_acts:
            print(f"WRONG ACT as {speaker}: {sentence} ({meant or 'unknown'}) began {act}")
    for (meant, first), sentences in sorted(confused.items(), key=lambda pair: -len(pair[1]))[: arguments.confusions]:
        print(f"{meant or 'unknown'} taken for {first or 'unknown'} {len(sentences)}: {sorted(set(sentences))[:6]}")
    _print_cost(labelled)


def _held_out(labelled: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Every sentence with its meaning, and the scores of a model that has not seen it."""
    names = np.array([meant for _, meant in labelled])
    for known, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(names, names):
        model = train([labelled[index] for index in known])
        for index in held_out:
            sentence, meant = labelled[index]
            yield sentence, meant, dict(zip(model.labels, model.score(sentence), strict=True))


def _count(
    tally: Tally,
    intents: Mapping[str, Intent],
    speaker: Speaker,
    sentence: str,
    meant: str,
    scores: Mapping[str, float],
) -> str:
    """The likeliest meaning."""
    ranked = rank(scores, *split_candidates(intents.values(), [speaker]))
    meaning = decide(ranked, intents, sentence)
    first = next(iter(ranked))
    if meaning.is_sure and intents[meaning.intents[0]].is_act and meaning.intents[0] != meant:
        tally.wrong_acts.append((sentence, meant, meaning.intents[0]))
    if meant == UNKNOWN:
        return first
    tally.sentences += 1
    tally.first += first == meant
    tally.among_three += meant in list(ranked)[:3]
    _count_answer(tally, meaning, meant)
    return first


def _count_answer(tally: Tally, meaning: SentenceMeaning, meant: str) -> None:
    if meaning.is_sure:
        tally.answered += 1
        tally.answered_rightly += meaning.intents == (meant,)
    elif not meaning.intents:
        tally.not_understood += 1
    else:
        tally.offered_rightly += meant in meaning.intents


def _line(speaker: Speaker, tally: Tally) -> str:
    count = tally.sentences
    wrong = tally.answered - tally.answered_rightly
    return (
        f"{speaker:10} {count:6} first {tally.first / count:.3f} three {tally.among_three / count:.3f} "
        f"answered {tally.answered / count:.3f} wrongly {wrong / count:.4f} "
        f"asked back with it {tally.offered_rightly / count:.3f} not understood {tally.not_understood / count:.3f} "
        f"wrong acts {len(tally.wrong_acts)}"
    )


def _print_cost(labelled: Sequence[tuple[str, str]]) -> None:
    """CPU of one sentence in the model as shipped."""
    model = IntentFiles().model
    if model is None:
        raise SystemExit("there is no model; run make intents")
    sentences = [sentence for sentence, _ in labelled[:: len(labelled) // 2000]]
    print(f"{_cost(model, sentences) * 1e3:.3f} ms of CPU a sentence of {len(model.to_bytes()) / 1e6:.1f} MB")


def _cost(model: LinearModel, sentences: Sequence[str]) -> float:
    begun = time.process_time()
    for sentence in sentences:
        model.score(sentence)
    return (time.process_time() - begun) / len(sentences)


if __name__ == "__main__":
    main()
