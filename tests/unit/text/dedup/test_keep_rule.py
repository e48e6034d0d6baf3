"""The documents that a cluster keeps, checked by hand and by a literal implementation of the rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.dedup.keep_rule import NeedsComparison, PlannedRemoval, Similar, resolve_cluster


def test_a_removed_document_names_the_most_similar_kept_one():
    members = [(2, []), (5, [Similar(1, 0.8), Similar(2, 0.9)])]
    assert list(resolve_cluster(members, 0.8)) == [PlannedRemoval(5, 2, 0.9)]


def test_a_removed_document_names_the_better_of_two_equally_similar_ones():
    assert list(resolve_cluster([(5, [Similar(2, 0.9), Similar(1, 0.9)])], 0.8)) == [PlannedRemoval(5, 1, 0.9)]


def test_the_far_end_of_a_chain_is_kept():
    chain = [(2, [Similar(1, 0.9)]), (3, [Similar(2, 0.9)])]
    assert list(resolve_cluster(chain, 0.8, lambda better, worse: 0.79)) == [PlannedRemoval(2, 1, 0.9)]
    assert list(resolve_cluster(chain, 0.8, lambda better, worse: 0.8)) == [
        PlannedRemoval(2, 1, 0.9),
        PlannedRemoval(3, 1, 0.8),
    ]


def test_a_missing_comparison_is_an_error_if_needed():
    with pytest.raises(NeedsComparison):
        list(resolve_cluster([(2, [Similar(1, 0.9)]), (3, [Similar(2, 0.9)])], 0.8))


def test_results_of_earlier_crawls_are_not_changed():
    # 1 was kept; 2 was removed as a duplicate of 1
    assert list(resolve_cluster([(7, [Similar(1, 0.9, kept_as=1)])], 0.8)) == [PlannedRemoval(7, 1, 0.9)]
    compared = []
    removed = list(
        resolve_cluster([(7, [Similar(2, 0.9, kept_as=1)])], 0.8, lambda a, b: compared.append((a, b)) or 0.85)
    )
    assert removed == [PlannedRemoval(7, 1, 0.85)]
    assert compared == [(1, 7)]


def by_the_definition(n, similarity, edges, threshold):
    """Results of documents 0..n-1 by a literal implementation of the three rules of the module."""
    kept_as = {}
    for rank in range(n):
        before = [u for u in range(rank) if (u, rank) in edges]
        kept = [u for u in before if kept_as[u] == u] or (
            [w for w in {kept_as[u] for u in before} if similarity[w, rank] >= threshold]
        )
        kept_as[rank] = min(kept, key=lambda u: (-similarity[u, rank], u)) if kept else rank
    return kept_as


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 9))
    values = st.sampled_from([0.1, 0.5, 0.8, 0.9, 1.0])
    similarity = {(u, v): draw(values) for v in range(n) for u in range(v)}
    known = {pair for pair, value in similarity.items() if value >= 0.8 and draw(st.booleans())}
    return n, similarity, known


@settings(derandomize=True, max_examples=500)
@given(graphs(), st.integers(0, 9))
def test_results_equal_the_definition_and_do_not_change_with_worse_documents(graph, num_earlier):
    n, similarity, edges = graph
    kept_as = by_the_definition(n, similarity, edges, 0.8)
    for first in (0, min(num_earlier, n)):  # all at once; in two crawls
        members = [
            (v, [Similar(u, similarity[u, v], kept_as[u] if u < first else None) for u in range(v) if (u, v) in edges])
            for v in range(first, n)
        ]
        found = {
            v: (kept, jaccard) for v, kept, jaccard in resolve_cluster(members, 0.8, lambda a, b: similarity[a, b])
        }
        expected = {v: (kept_as[v], similarity[kept_as[v], v]) for v in range(first, n) if kept_as[v] != v}
        assert found == expected
        assert all(kept_as[kept] == kept for kept, _ in found.values())
