"""Train the model of intents: ``make intents`` (python -m app.train_intents).

Reads ``config/intents/sentences/`` and writes ``config/intents/model.bin``. The same sentences give the same model.
Needs scikit-learn, which nothing else needs.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from app.intent_files import FOLDER, MODEL, IntentFiles
from domain.understanding.model import BUCKETS, LinearModel, buckets_of, digest_sentences

C = 1.0
"""Inverse strength of the regularisation."""
TEMPERATURE = 0.2
"""Margins of the classifier divided by this are logits."""
_LEVELS = 127
"""Weights are rounded to whole numbers of at most this."""
_SMALLEST = 2
"""Rounded weights below this are dropped."""


def train(labelled: Sequence[tuple[str, str]]) -> LinearModel:
    """``labelled``: sentences with the ids that they mean."""
    vectors = _vectors([sentence for sentence, _ in labelled])
    names = np.array([label for _, label in labelled])
    classifier = LinearSVC(C=C, random_state=0).fit(vectors, names)
    weights = classifier.coef_ / TEMPERATURE
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9999)) / _LEVELS
    rounded = np.clip(np.rint(weights / scale), -_LEVELS, _LEVELS).astype(np.int8)
    rounded[np.abs(rounded) < _SMALLEST] = 0
    by_bucket = csr_matrix(rounded.T)
    by_bucket.sort_indices()
    return LinearModel(
        tuple(map(str, classifier.classes_)),
        tuple(round(float(bias) / TEMPERATURE, 4) for bias in classifier.intercept_),
        scale,
        array("I", by_bucket.indptr.tolist()),
        bytes(by_bucket.indices.tolist()),
        array("b", by_bucket.data.tolist()),
        digest_sentences(labelled),
    )


def _vectors(sentences: Sequence[str]) -> Any:
    """A row per sentence, with one divided by the root of their number for each of its buckets."""
    ends, columns, values = [0], array("I"), array("d")
    for sentence in sentences:
        buckets = sorted(buckets_of(sentence))
        columns.extend(buckets)
        values.extend([len(buckets) ** -0.5] * len(buckets))
        ends.append(len(columns))
    return csr_matrix((np.array(values), np.array(columns), np.array(ends)), shape=(len(sentences), BUCKETS))


def main() -> None:
    sentences = IntentFiles().read_sentences().labelled()
    model = train(sentences).to_bytes()
    (FOLDER / MODEL).write_bytes(model)
    print(f"{len(sentences)} sentences, {len(model) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
