"""Nearest tokens against brute force in float64, on tables and paths that try to break the bounds."""

import numpy as np
import pytest
import torch

from ddpt_core.errors import ConfigError
from ddpt_core.interpret import upper_bounds
from ddpt_core.interpret.along_path import cut
from ddpt_core.interpret.metric import closest
from ddpt_core.interpret.nearest_tokens import METRICS, NearestTokens
from ddpt_core.interpret.upper_bounds import UpperBounds, has_exact_int8, rotation

K = 10
WIDTH = 48  # no multiple of the block of dimensions that are rotated together


def brute_force(table, vectors, metric, k=K):
    table, vectors = table.astype(np.float64), vectors.astype(np.float64)
    if metric == "cosine":
        norms = np.linalg.norm(vectors, axis=-1)[..., None] * np.linalg.norm(table, axis=-1)
        products = vectors @ table.T
        scores = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
        order = -scores
    else:
        flat = [np.sqrt(((table - vector) ** 2).sum(1)) for vector in vectors.reshape(-1, table.shape[1])]
        order = scores = np.array(flat).reshape(*vectors.shape[:-1], len(table))
    ids = np.argsort(order.astype(np.float32), axis=-1, kind="stable")[..., :k]
    return ids, np.take_along_axis(scores, ids, -1)


def assert_exact(found, table, vectors, metric, k=K):
    ids, scores = brute_force(table, vectors, metric, k)
    assert found.ids.dtype == np.int32 and found.scores.dtype == np.float32
    np.testing.assert_array_equal(found.ids, ids)
    scale = 1 if metric == "cosine" else np.abs(scores).max()
    np.testing.assert_allclose(found.scores, scores, rtol=1e-6, atol=1e-7 * scale)


def plain_table(rng, tokens=400):
    return (rng.normal(size=(tokens, WIDTH)) * rng.lognormal(size=WIDTH) + 0.5).astype(np.float32)


def clustered(rng):
    centres = rng.normal(size=(8, WIDTH))
    return (centres[rng.integers(0, 8, 400)] + 1e-3 * rng.normal(size=(400, WIDTH))).astype(np.float32)


def duplicated(rng):
    return plain_table(rng)[rng.integers(0, 12, 400)]


def of_all_sizes(rng):
    return plain_table(rng) * np.float32(10) ** rng.integers(-12, 12, (400, 1)).astype(np.float32)


def far_from_zero(rng):
    return plain_table(rng) + np.float32(5000)


def with_zero_rows(rng):
    table = plain_table(rng)
    table[::7] = 0
    return table


def huge(rng):
    return plain_table(rng) * np.float32(1e30)


def tiny(rng):
    return plain_table(rng) * np.float32(1e-30)


def one_token_far_away(rng):
    table = plain_table(rng)
    table[17] *= 1e8
    return table


def grouped(rng):
    return plain_table(rng, tokens=5000)  # enough tokens that they share bounds


TABLES = [
    plain_table, clustered, duplicated, of_all_sizes, far_from_zero, with_zero_rows, huge, tiny,
    one_token_far_away, grouped,
]  # fmt: skip


def path_through(table, rng, steps=150):
    """Two positions: one rests on tokens, then drifts and jumps; the other wanders off, then stands still."""
    scale = np.abs(table).max(0) + np.float32(1e-38)
    places = table[rng.integers(0, len(table), 5)]
    first = np.repeat(places, steps // 5, axis=0).astype(np.float64)
    first[steps // 3 :] += 1e-4 * scale * rng.normal(size=(steps - steps // 3, WIDTH)).cumsum(0)
    second = 0.05 * scale * rng.normal(size=(steps, WIDTH)).cumsum(0)
    second[steps // 2 :] = second[steps // 2]
    return np.stack([first, second], 1).astype(np.float32)  # (S+1,P,D)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("make", TABLES)
class TestEveryTable:
    def test_run_finds_what_brute_force_finds(self, make, metric):
        rng = np.random.default_rng(0)
        table = make(rng)
        path = path_through(table, rng)
        assert_exact(NearestTokens(table, metric).run(path, K), table, path, metric)

    def test_run_finds_it_without_8_bit_products_too(self, make, metric, monkeypatch):
        monkeypatch.setattr(upper_bounds, "has_exact_int8", lambda: False)
        rng = np.random.default_rng(1)
        table = make(rng)
        path = path_through(table, rng, steps=60)
        assert_exact(NearestTokens(table, metric).run(path, K), table, path, metric)

    def test_search_finds_what_brute_force_finds(self, make, metric):
        rng = np.random.default_rng(2)
        table = make(rng)
        vectors = path_through(table, rng, steps=20).reshape(-1, WIDTH)
        assert_exact(NearestTokens(table, metric).search(vectors, K), table, vectors, metric)

    def test_after_a_run_a_search_goes_by_its_bounds_and_finds_the_same(self, make, metric, monkeypatch):
        rng = np.random.default_rng(5)
        table = make(rng)
        vectors = path_through(table, rng, steps=20).reshape(-1, WIDTH)
        nearest = NearestTokens(table, metric)
        nearest.run(vectors[:3, None], K)
        monkeypatch.setattr(nearest, "_flat_index", lambda: pytest.fail("FAISS was asked"))
        assert_exact(nearest.search(vectors, K), table, vectors, metric)


@pytest.mark.parametrize("metric", METRICS)
class TestBothMetrics:
    def test_run_is_exact_when_every_step_jumps_and_when_no_step_moves(self, metric):
        rng = np.random.default_rng(3)
        table = plain_table(rng)
        jumps = rng.normal(size=(100, 1, WIDTH)) * rng.choice([1e-6, 1, 1e6], (100, 1, 1))
        path = np.concatenate([jumps, np.repeat(jumps[:1], 100, 0)]).astype(np.float32)
        assert_exact(NearestTokens(table, metric).run(path, K), table, path, metric)

    def test_vectors_of_zeros_have_neighbours_too(self, metric):
        table = with_zero_rows(np.random.default_rng(4))
        path = np.zeros((70, 1, WIDTH), np.float32)
        nearest = NearestTokens(table, metric)
        assert_exact(nearest.run(path, K), table, path, metric)
        assert_exact(nearest.search(path[:2, 0], K), table, path[:2, 0], metric)

    def test_equal_scores_come_in_the_order_of_token_ids(self, metric):
        rng = np.random.default_rng(5)
        table = np.repeat(plain_table(rng, 4), 50, axis=0)[rng.permutation(200)]
        vectors = table[:3] + np.float32(0.01)
        nearest = NearestTokens(table, metric)
        for found in (nearest.search(vectors, 60), nearest.run(vectors[:, None], 60)):
            same = np.diff(found.scores.reshape(3, 60)) == 0
            assert same.sum() >= 3 * 50
            assert (np.diff(found.ids.reshape(3, 60))[same] > 0).all()

    def test_all_tokens_can_be_asked_for(self, metric):
        rng = np.random.default_rng(6)
        table = plain_table(rng, 40)
        path = path_through(table, rng, steps=20)
        nearest = NearestTokens(table, metric)
        assert_exact(nearest.run(path, 40), table, path, metric, 40)
        assert_exact(nearest.search(path[:, 0], 40), table, path[:, 0], metric, 40)

    @pytest.mark.parametrize(("size", "far"), [(1, 1e25), (1e-10, 1e35)])
    def test_vectors_too_far_for_float32_squares_are_compared_all_the_same(self, metric, size, far):
        rng = np.random.default_rng(7)
        table = grouped(rng) * np.float32(size)
        path = (rng.normal(size=(25, 1, WIDTH)) * far).astype(np.float32)
        nearest = NearestTokens(table, metric)
        with np.errstate(all="ignore"):
            assert_exact(nearest.run(path, K), table, path, metric)
            assert_exact(nearest.search(path[:, 0], K), table, path[:, 0], metric)

    @pytest.mark.parametrize("k", [K, 400])
    def test_values_next_to_the_largest_float32_are_searched_to_an_end(self, metric, k):
        """Distances to such tokens are beyond float32, so that all of them are infinitely far, in the order of ids."""
        rng = np.random.default_rng(15)
        table = plain_table(rng)
        table[5], table[6], table[7, 3] = 3e38, -3e38, 3e38
        vectors = plain_table(rng, 20)
        nearest = NearestTokens(table, metric)
        found, along = nearest.search(vectors, k), nearest.run(vectors[:, None], k)
        assert metric == "cosine" or k < 400 or np.isinf(found.scores[:, -2:]).all()
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(found.ids, brute_force(table, vectors, metric, k)[0])
        np.testing.assert_array_equal(found.ids, along.ids[:, 0])
        np.testing.assert_array_equal(found.scores, along.scores[:, 0])

    def test_tensors_and_arrays_give_the_same(self, metric):
        rng = np.random.default_rng(8)
        table = plain_table(rng)
        vectors = torch.from_numpy(table[:4]).requires_grad_()
        by_tensor = NearestTokens(torch.from_numpy(table), metric).search(vectors, K)
        np.testing.assert_array_equal(by_tensor.ids, NearestTokens(table, metric).search(table[:4], K).ids)

    @pytest.mark.parametrize("k", [0, -1, 401])
    def test_a_k_outside_the_vocabulary_is_refused_with_its_limits(self, metric, k):
        table = plain_table(np.random.default_rng(9))
        nearest = NearestTokens(table, metric)
        for look_up, vectors in ((nearest.search, table[:2]), (nearest.run, table[:2, None])):
            with pytest.raises(ConfigError, match=f"k must be from 1 to 400, got {k}"):
                look_up(vectors, k)

    def test_vectors_of_another_width_or_shape_are_refused(self, metric):
        nearest = NearestTokens(np.eye(8, dtype=np.float32), metric)
        for look_up, shape in ((nearest.search, (3, 7)), (nearest.search, (8,)), (nearest.run, (3, 8))):
            with pytest.raises(ConfigError, match="D = 8"):
                look_up(np.ones(shape, np.float32), 2)

    def test_vectors_that_are_not_finite_are_refused(self, metric):
        nearest = NearestTokens(np.eye(8, dtype=np.float32), metric)
        with pytest.raises(ConfigError, match="finite"):
            nearest.run(np.full((2, 1, 8), np.nan, np.float32), 2)

    def test_nothing_asked_is_nothing_found(self, metric):
        nearest = NearestTokens(np.eye(8, dtype=np.float32), metric)
        assert nearest.search(np.empty((0, 8), np.float32), 2).ids.shape == (0, 2)
        assert nearest.run(np.empty((0, 3, 8), np.float32), 2).ids.shape == (0, 3, 2)

    def test_progress_only_grows_and_stays_within_one(self, metric):
        told = []
        table = plain_table(np.random.default_rng(10))
        NearestTokens(table, metric).run(table[:20].reshape(5, 4, WIDTH), 3, lambda *args: told.append(args))
        fractions = [fraction for fraction, _ in told]
        assert len(fractions) == 4 and fractions == sorted(fractions) and fractions[-1] <= 1
        assert all(text for _, text in told)


@pytest.mark.parametrize("metric", METRICS)
def test_steps_of_one_block_keep_their_own_neighbours(metric, monkeypatch):
    monkeypatch.setattr(upper_bounds, "has_exact_int8", lambda: False)  # the tighter bounds, which forgive less
    angles = np.linspace(0, 2 * np.pi, 600, endpoint=False)
    table = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    turn = np.linspace(0, 0.5, 128)[:, None]  # 64 steps pass by 24 tokens
    path = np.stack([np.cos(turn), np.sin(turn)], 2).astype(np.float32)
    nearest = NearestTokens(table, metric)
    assert 64 in cut(nearest.metric.place(path[:, 0]), 0.2)[:, 1]
    assert_exact(nearest.run(path, 3), table, path, metric, 3)


def test_zeros_of_either_sign_are_ties():
    ids, closeness = closest(np.array([[-1, -0.0, 0.0, -0.0, 2]]), np.array([3, 5, 7, 8, 9]), 4)
    assert ids.tolist() == [[9, 5, 7, 8]] and closeness.tolist() == [[2, 0, 0, 0]]


def test_l2_scores_are_distances_and_not_their_squares():
    table = np.array([[3, 4], [0, 1]], np.float32)
    assert NearestTokens(table, "l2").search(np.zeros((1, 2)), 2).scores.tolist() == [[1, 5]]


@pytest.mark.parametrize("integers", [False, pytest.param(True, marks=pytest.mark.skipif(
    not has_exact_int8(), reason="this processor has no exact 8-bit products"))])  # fmt: skip
@pytest.mark.parametrize("tokens", [300, 5000])
def test_no_bound_is_below_the_product_it_bounds(integers, tokens):
    rng = np.random.default_rng(11)
    rows = plain_table(rng, tokens)
    rows[0], rows[1] = 0, rows[1] * 1000
    offsets = -(rows.astype(np.float64) ** 2).sum(1) / 2
    points = plain_table(rng, 20)
    exact = points.astype(np.float64) @ rows.T.astype(np.float64) + offsets  # (20,V)
    bounds = UpperBounds(rows, offsets, integers)
    batch = bounds.of(points, bounds.buffer(len(points)))
    for token in range(0, tokens, 7):
        for row in (0, 19):
            assert token in batch.reaching(exact[:, token], slice(row, row + 1))


@pytest.mark.skipif(not has_exact_int8(), reason="this processor has no exact 8-bit products")
@pytest.mark.parametrize("rounded", ["the token", "the vector"])
def test_a_bound_holds_where_all_rounding_errors_point_the_same_way(rounded):
    rng = np.random.default_rng(14)
    signs = rng.choice([-1, 1], 64)
    whole = 127 * signs
    between = rng.integers(-100, 100, 64) + 0.49 * signs  # rounds to the worst side in every dimension
    between[0] = 127
    turn = rotation().astype(np.float64)  # its own inverse, so that these are the values that get rounded
    token, vector = (between @ turn, whole @ turn) if rounded == "the token" else (whole @ turn, between @ turn)
    bounds = UpperBounds(np.float32([token]), np.zeros(1))
    batch = bounds.of(np.float32([vector]), bounds.buffer(1))
    exact = np.array([token @ vector])
    assert 0 in batch.reaching(exact, slice(0, 1))
    assert 0 not in batch.reaching(exact + 0.01 * 127**2 * 64, slice(0, 1))


def test_bounds_leave_few_tokens_to_compare():
    rng = np.random.default_rng(12)
    rows = rng.normal(size=(5000, 64)).astype(np.float32)
    bounds = UpperBounds(rows, np.zeros(5000))
    batch = bounds.of(rows[:4], bounds.buffer(4))
    own = (rows[:4].astype(np.float64) ** 2).sum(1)
    assert len(batch.reaching(own * 0.9, slice(0, 4))) < 20


def test_blocks_cover_the_path_once_and_stay_within_the_radius():
    rng = np.random.default_rng(13)
    points = (0.02 * rng.normal(size=(777, 8))).cumsum(0).astype(np.float32)
    points[300:500] = points[300]
    blocks = cut(points, 0.3)
    assert (blocks[:, 0] == np.concatenate([[0], blocks.sum(1)[:-1]])).all() and blocks[-1].sum() == 777
    assert {1, 4, 64} <= set(blocks[:, 1].tolist())
    for start, length in blocks:
        gaps = points[start : start + length] - points[start + length // 2]
        assert np.linalg.norm(gaps, axis=1).max() <= 0.3


def test_an_unknown_metric_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match=r"Unknown metric 'dot'; choose one of cosine, l2\."):
        NearestTokens(np.eye(3), "dot")


@pytest.mark.parametrize("table", [np.ones(3), np.ones((0, 3)), np.full((2, 2), np.inf)])
def test_a_table_that_is_none_is_refused(table):
    with pytest.raises(ConfigError, match="embedding table"):
        NearestTokens(table.astype(np.float32))
