"""Maps against scikit-learn's own results, and the folder that keeps them."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from ddpt_core.errors import ConfigError
from ddpt_core.interpret import map_cache, projection
from ddpt_core.interpret.map_methods import SETTINGS, UmapSettings, between, thin
from ddpt_core.interpret.projection import PROJECTIONS, project

TOKENS, WIDTH, POSITIONS, STEPS = 300, 12, 2, 40


def scene(seed=0, offset=0.0):
    """A table with a few strong directions, two paths of different lengths through it, and one mark."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(TOKENS, WIDTH)) * np.geomspace(5, 0.2, WIDTH) + offset
    walk = rng.normal(size=(STEPS + 1, POSITIONS, WIDTH)).cumsum(0) * 0.3 + offset
    paths = {"state": walk, "estimate": (walk[:21] + offset) / 2}
    return (
        table.astype(np.float32),
        {n: p.astype(np.float32) for n, p in paths.items()},
        {"manual": np.float32(table[:3])},
    )


METHODS = [
    pytest.param(method, marks=[pytest.mark.slow] if method == "umap" else [])  # numba compiles for half a minute
    for method in PROJECTIONS
]


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_everything_has_a_place_of_the_right_shape(self, method):
        table, paths, marks = scene()
        drawn = project(method, torch.from_numpy(table), paths, marks)
        dimensions = SETTINGS[method]["components"]
        assert drawn.method == method
        assert drawn.vocabulary.shape == (TOKENS, dimensions) and drawn.vocabulary.dtype == np.float32
        assert {n: p.shape for n, p in drawn.paths.items()} == {
            "state": (STEPS + 1, POSITIONS, dimensions),
            "estimate": (21, POSITIONS, dimensions),
        }
        assert drawn.marks["manual"].shape == (3, dimensions)
        placed = [drawn.vocabulary, *drawn.paths.values(), *drawn.marks.values()]
        assert all(np.isfinite(places).all() for places in placed)
        assert 0 <= drawn.quality["trustworthiness"] <= 1
        assert drawn.parameters["hidden"] == 0 and drawn.parameters["vocabulary"] == TOKENS
        assert {n: (s[0], s[-1]) for n, s in drawn.fitted_steps.items()} == {"state": (0, 40), "estimate": (0, 20)}

    def test_the_same_seed_draws_the_same_map(self, method):
        first, second = project(method, *scene(), seed=3), project(method, *scene(), seed=3)
        np.testing.assert_array_equal(first.vocabulary, second.vocabulary)
        np.testing.assert_array_equal(first.paths["state"], second.paths["state"])
        assert first.quality == second.quality

    def test_a_map_needs_no_path_and_no_mark(self, method):
        drawn = project(method, scene()[0], {}, {})
        assert drawn.vocabulary.shape[0] == TOKENS and drawn.paths == {} and drawn.marks == {}

    def test_progress_grows_from_0_to_1(self, method, tmp_path):
        told = []
        project(method, *scene(), cache=tmp_path, progress=lambda fraction, text: told.append((fraction, text)))
        fractions = [fraction for fraction, _ in told]
        assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)
        assert all(text for _, text in told)


class TestPCA:
    @pytest.mark.parametrize("offset", [0.0, 1e4])
    def test_it_is_the_pca_of_scikit_learn_in_float64(self, offset):
        table, paths, marks = scene(offset=offset)
        drawn = project("pca", table, paths, marks)
        points = np.concatenate([table, *(p.reshape(-1, WIDTH) for p in paths.values()), marks["manual"]])
        expected = PCA(3, svd_solver="full").fit(points.astype(np.float64))
        np.testing.assert_allclose(
            drawn.quality["explained_variance_ratio"], expected.explained_variance_ratio_, rtol=1e-4
        )
        for places, vectors in (
            (drawn.vocabulary, table),
            (drawn.paths["state"].reshape(-1, 3), paths["state"].reshape(-1, WIDTH)),
            (drawn.marks["manual"], marks["manual"]),
        ):
            exact = expected.transform(vectors.astype(np.float64))
            signs = np.sign((exact * places).sum(0))
            np.testing.assert_allclose(places * signs, exact, atol=0.02)

    def test_of_a_wide_table_it_is_the_same_pca_by_another_way(self):
        rng = np.random.default_rng(4)
        table = (rng.normal(size=(700, 520)) * np.geomspace(3, 0.1, 520)).astype(np.float32)
        drawn = project("pca", table, {}, {})
        expected = PCA(3, svd_solver="full").fit(table.astype(np.float64))
        assert drawn.parameters["solver"] == "arpack" != SETTINGS["pca"]["solver"]
        shares = drawn.quality["explained_variance_ratio"]
        np.testing.assert_allclose(shares, expected.explained_variance_ratio_, rtol=1e-4)
        exact = expected.transform(table.astype(np.float64))
        np.testing.assert_allclose(drawn.vocabulary * np.sign((exact * drawn.vocabulary).sum(0)), exact, atol=0.02)
        np.testing.assert_array_equal(project("pca", table, {}, {}).vocabulary, drawn.vocabulary)

    def test_long_paths_are_thinned_for_the_fit_and_still_placed_whole(self):
        table, _, marks = scene()
        long = np.random.default_rng(1).normal(size=(2001, 1, WIDTH)).astype(np.float32)
        drawn = project("pca", table, {"state": long}, marks)
        assert drawn.parameters["fitted_points"] == TOKENS + TOKENS + 3
        assert drawn.paths["state"].shape == (2001, 1, 3)
        assert len(drawn.fitted_steps["state"]) == 2001

    def test_trustworthiness_is_the_one_of_scikit_learn(self):
        table = scene()[0]
        drawn = project("pca", table, {}, {})
        expected = trustworthiness(table, drawn.vocabulary, n_neighbors=15)
        assert drawn.quality["trustworthiness"] == pytest.approx(expected, abs=1e-3)

    def test_too_few_dimensions_are_refused(self):
        with pytest.raises(ConfigError, match="at least 3 points of 3 dimensions, got 5 of 2"):
            project("pca", np.eye(5, 2), {}, {})


@pytest.mark.slow
class TestUMAP:
    def test_tokens_outside_the_sample_have_no_place_and_are_counted(self, monkeypatch):
        monkeypatch.setitem(SETTINGS["umap"], "tokens", 100)
        drawn = project("umap", *scene())
        hidden = np.isnan(drawn.vocabulary).all(1)
        assert hidden.sum() == drawn.parameters["hidden"] == TOKENS - 100
        assert drawn.parameters["vocabulary_sample"] == 100
        assert not np.isnan(drawn.vocabulary[~hidden]).any()

    def test_steps_between_fitted_ones_lie_on_straight_lines(self, monkeypatch):
        monkeypatch.setitem(SETTINGS["umap"], "steps", 5)
        drawn = project("umap", *scene())
        assert drawn.fitted_steps["state"].tolist() == [0, 10, 20, 30, 40]
        path = drawn.paths["state"]
        np.testing.assert_allclose(path[13], 0.7 * path[10] + 0.3 * path[20], rtol=1e-4, atol=1e-5)

    def test_every_place_goes_to_the_point_it_was_found_for(self, monkeypatch):
        import umap

        class FirstTwoDimensions(umap.UMAP):
            def fit_transform(self, points):
                return points[:, :2]

        monkeypatch.setattr(umap, "UMAP", FirstTwoDimensions)
        monkeypatch.setitem(SETTINGS["umap"], "tokens", 100)
        table, paths, marks = scene()
        drawn = project("umap", table, paths, marks)
        shown = ~np.isnan(drawn.vocabulary[:, 0])
        np.testing.assert_array_equal(drawn.vocabulary[shown], table[shown, :2])
        np.testing.assert_array_equal(drawn.marks["manual"], marks["manual"][:, :2])
        for name, path in paths.items():
            np.testing.assert_array_equal(drawn.paths[name], path[:, :, :2])

    def test_all_paths_together_are_fitted_at_no_more_points_than_the_limit(self, monkeypatch):
        monkeypatch.setitem(SETTINGS["umap"], "path_points", 40)
        drawn = project("umap", *scene())
        assert drawn.parameters["steps_fitted"] == {"state": 10, "estimate": 10}

    def test_trustworthiness_is_the_one_of_scikit_learn(self):
        table = scene()[0]
        drawn = project("umap", table, {}, {})
        expected = trustworthiness(table, drawn.vocabulary, n_neighbors=15, metric="cosine")
        assert drawn.quality["trustworthiness"] == pytest.approx(expected, abs=1e-3)
        assert expected > 0.7

    def test_two_runs_are_placed_as_umap_learn_places_the_same_points(self):
        from umap import UMAP

        table, first, marks = scene()
        second = {f"second.{name}": path for name, path in scene(seed=1)[1].items()}
        paths, chosen = first | second, UmapSettings(n_neighbors=8, min_dist=0.35)
        drawn = project("umap", table, paths, marks, seed=11, umap=chosen)
        points = np.concatenate([table, *(path.reshape(-1, WIDTH) for path in paths.values()), marks["manual"]])
        directions = points.astype(np.float64) / np.linalg.norm(points.astype(np.float64), axis=1, keepdims=True)
        cosines = (directions @ directions.T).astype(np.float32)
        ids = np.argsort(-cosines, axis=1, kind="stable")[:, :8]  # a mark lies on a token: ties go by their order
        distances = np.maximum(1 - np.take_along_axis(cosines, ids, 1), 0)
        expected = UMAP(
            n_neighbors=8,
            min_dist=0.35,
            metric="cosine",
            init="pca",
            random_state=11,
            precomputed_knn=(ids, distances, None),
        ).fit_transform(points)
        placed = [drawn.vocabulary, *(path.reshape(-1, 2) for path in drawn.paths.values()), drawn.marks["manual"]]
        np.testing.assert_allclose(np.concatenate(placed), expected, atol=1e-3)
        told = {"n_neighbors": 8, "min_dist": 0.35, "seed": 11, "metric": "cosine", "vocabulary_sample": TOKENS}
        assert told.items() <= drawn.parameters.items()
        trust = trustworthiness(points, expected, n_neighbors=15, metric="cosine")
        assert drawn.quality["trustworthiness"] == pytest.approx(trust, abs=1e-3)  # over tokens, both runs and marks

    def test_with_few_neighbours_too_the_same_seed_draws_the_same_map(self):
        drawn = [project("umap", *scene(), seed=3, umap=UmapSettings(n_neighbors=3)).vocabulary for _ in range(3)]
        np.testing.assert_array_equal(drawn[0], drawn[1])
        np.testing.assert_array_equal(drawn[0], drawn[2])

    def test_two_points_are_too_few(self):
        with pytest.raises(ConfigError, match="at least 3 points, got 2"):
            project("umap", np.eye(2, 4), {}, {})


class TestThinning:
    @pytest.mark.parametrize(("steps", "at_most"), [(2001, 64), (2001, 2), (2001, 0), (3, 64), (2, 64), (1, 64)])
    def test_the_first_and_last_step_are_always_kept(self, steps, at_most):
        kept = thin(steps, at_most)
        assert kept[0] == 0 and kept[-1] == steps - 1
        assert len(kept) == min(steps, max(at_most, 2)) == len(set(kept.tolist()))

    def test_steps_are_evenly_spaced(self):
        assert set(np.diff(thin(2001, 64)).tolist()) <= {31, 32}

    def test_fitted_places_stay_as_they_are(self):
        fitted = thin(101, 7)
        places = np.random.default_rng(0).normal(size=(7, 3, 2)).astype(np.float32)
        drawn = between(101, fitted, places)
        np.testing.assert_array_equal(drawn[fitted], places)
        assert drawn.shape == (101, 3, 2)


class TestCache:
    @pytest.fixture
    def drawings(self, monkeypatch):
        """A list that grows with every map that is really drawn."""
        made, pca = [], PROJECTIONS["pca"]

        def counted(*arguments):
            made.append(1)
            return pca(*arguments)

        monkeypatch.setitem(projection.PROJECTIONS, "pca", counted)
        return made

    def test_the_same_map_is_drawn_once_and_read_back_as_it_was(self, tmp_path, drawings):
        first = project("pca", *scene(), cache=tmp_path)
        second = project("pca", *scene(), cache=tmp_path)
        assert len(drawings) == 1
        for part in ("method", "quality", "parameters"):
            assert getattr(first, part) == getattr(second, part)
        for part in ("paths", "marks", "fitted_steps"):
            kept, read = getattr(first, part), getattr(second, part)
            assert list(kept) == list(read)
            assert all((kept[name] == read[name]).all() and kept[name].dtype == read[name].dtype for name in kept)
        np.testing.assert_array_equal(first.vocabulary, second.vocabulary)

    @pytest.mark.parametrize("change", ["table", "path", "mark", "path name", "seed", "setting", "version"])
    def test_any_change_draws_a_new_map(self, change, tmp_path, drawings, monkeypatch):
        project("pca", *scene(), cache=tmp_path)
        table, paths, marks = scene()
        seed = 0
        if change == "table":
            table[-1, -1] += 1e-3
        elif change == "path":
            paths["estimate"][3, 1, 5] += 1e-3
        elif change == "mark":
            marks["manual"][0, 0] += 1e-3
        elif change == "path name":
            paths = {"other": paths["state"], "estimate": paths["estimate"]}
        elif change == "seed":
            seed = 1
        elif change == "setting":
            monkeypatch.setitem(SETTINGS["pca"], "solver", "full")
        else:
            monkeypatch.setattr(map_cache, "version", lambda name: "0")
        project("pca", table, paths, marks, seed=seed, cache=tmp_path)
        assert len(drawings) == 2

    @pytest.mark.parametrize("damage", [b"", b"not a map", None])
    def test_a_damaged_file_is_drawn_anew_and_replaced(self, damage, tmp_path, drawings):
        project("pca", *scene(), cache=tmp_path)
        (file,) = tmp_path.iterdir()
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
        project("pca", *scene(), cache=tmp_path)
        assert len(drawings) == 2
        assert file.read_bytes() == whole

    def test_a_folder_that_cannot_be_written_costs_nothing_but_a_warning(self, tmp_path, caplog):
        (tmp_path / "taken").write_text("a file, not a folder")
        drawn = project("pca", *scene(), cache=tmp_path / "taken")
        assert drawn.vocabulary.shape == (TOKENS, 3)
        assert "could not be kept" in caplog.text

    def test_nothing_half_written_stays_when_renaming_fails(self, tmp_path, monkeypatch):
        def refuse(*_):
            raise OSError("no")

        monkeypatch.setattr(map_cache.os, "replace", refuse)
        project("pca", *scene(), cache=tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_work_that_is_stopped_leaves_nothing(self, tmp_path):
        def stop(fraction, text):
            if fraction > 0.5:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            project("pca", *scene(), cache=tmp_path, progress=stop)
        assert list(tmp_path.iterdir()) == []

    def test_maps_with_tokens_that_have_no_place_are_kept_too(self, tmp_path):
        drawn = projection.Projection(
            "umap", np.float32([[1, 2], [np.nan, np.nan]]), {}, {}, {"trustworthiness": None}, {"hidden": 1}, {}
        )
        settings = {"method": "umap"}
        for _ in range(2):
            read = map_cache.cached(tmp_path, {}, settings, projection.Projection, lambda: drawn)
        assert read is not drawn and read.quality == {"trustworthiness": None}
        np.testing.assert_array_equal(read.vocabulary, drawn.vocabulary)


class TestWrongInput:
    @pytest.mark.parametrize("given", [1, 201, 0, -3, 2.5, float("nan"), float("inf"), "15", None, True, 10**30])
    def test_numbers_of_neighbours_that_umap_cannot_take_are_refused(self, given):
        with pytest.raises(ConfigError, match=r"n_neighbors of UMAP must be a whole number from 2 to 200, got"):
            UmapSettings(n_neighbors=given)

    @pytest.mark.parametrize("given", [-0.01, 1.0, float("nan"), float("-inf"), "0.1", None, False])
    def test_distances_that_umap_cannot_take_are_refused(self, given):
        with pytest.raises(ConfigError, match=r"min_dist of UMAP must be a number from 0 to 0\.99, got"):
            UmapSettings(min_dist=given)

    def test_the_limits_themselves_are_taken(self):
        assert (UmapSettings(2, 0), UmapSettings(200, 0.99)) and UmapSettings() == UmapSettings(15, 0.1)

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_a_seed_that_numpy_cannot_take_is_refused(self, seed):
        with pytest.raises(ConfigError, match="seed must be from 0 to 4,294,967,295"):
            project("pca", *scene(), seed=seed)

    def test_settings_of_umap_are_refused_for_pca(self):
        with pytest.raises(ConfigError, match="Settings of UMAP were given for the projection 'pca'"):
            project("pca", *scene(), umap=UmapSettings())

    def test_an_unknown_projection_is_refused_with_the_choices(self):
        with pytest.raises(ConfigError, match=r"Unknown projection 'tsne'; choose one of pca, umap\."):
            project("tsne", *scene())

    @pytest.mark.parametrize("shape", [(5, POSITIONS, WIDTH + 1), (5, WIDTH), (0, POSITIONS, WIDTH)])
    def test_a_path_that_does_not_fit_is_refused_by_name(self, shape):
        table, _, marks = scene()
        with pytest.raises(ConfigError, match="The path 'state' must have the shape"):
            project("pca", table, {"state": np.ones(shape)}, marks)

    def test_a_mark_that_is_not_finite_is_refused_by_name(self):
        table, paths, _ = scene()
        with pytest.raises(ConfigError, match="The mark 'manual' must hold finite numbers"):
            project("pca", table, paths, {"manual": np.full((1, WIDTH), np.nan)})
