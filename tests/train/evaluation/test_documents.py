"""Scores of individual documents against token-by-token computation in float64."""

import numpy as np
import pytest

from sluice.train.evaluation.documents import BATCH_SIZE, WINDOW, document_nats
from tests.helpers.tiny_runs import IDS, WORDS, random_documents, train_config
from tests.train.evaluation.test_evaluate import brute_force, model_with_large_weights


@pytest.mark.parametrize("lengths", [[0, 1, WINDOW - 1, WINDOW, 2 * WINDOW + 5], [3] * (BATCH_SIZE + 1)])
def test_every_document_begins_without_context_and_includes_its_end(lengths):
    config = train_config("", "unused")
    model, weights = model_with_large_weights(config, WORDS + 4)
    documents = [np.array(random_documents(i, 1, length)[0], np.int32) for i, length in enumerate(lengths)]
    nats = document_nats(model, documents, eos=IDS.eos, pad=IDS.pad)
    expected = [brute_force(weights, [IDS.eos, *document.tolist(), IDS.eos], 1) for document in documents]
    np.testing.assert_allclose(nats, expected, rtol=1e-6)  # the model computes in float32, the comparison in float64
