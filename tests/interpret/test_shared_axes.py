"""Axes that all runs of a backbone share: against scikit-learn, turned the same way each time, on disk and back."""

import json

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.interpret.shared_axes import axes_card, fit_axes, load_axes, project_on, save_axes

TOKENS, WIDTH = 400, 12


def scene(seed=0):
    """A table with a few strong directions, and two contexts that lie elsewhere."""
    rng = np.random.default_rng(seed)
    table = (rng.normal(size=(TOKENS, WIDTH)) * np.geomspace(5, 0.2, WIDTH) + 1).astype(np.float32)
    contexts = [rng.normal(size=(5, WIDTH)).astype(np.float32) + 3 * number for number in (1, 2)]
    return table, contexts


def test_without_contexts_they_are_the_pca_of_the_vocabulary():
    table, _ = scene()
    axes, exact = fit_axes(torch.from_numpy(table)), PCA(3, svd_solver="full").fit(table.astype(np.float64))
    np.testing.assert_allclose(np.abs(axes.components @ exact.components_.T), np.eye(3), atol=1e-5)
    np.testing.assert_allclose(axes.explained, exact.explained_variance_ratio_, rtol=1e-5)
    assert axes.explained_vocabulary == pytest.approx(axes.explained)
    np.testing.assert_allclose(axes.place(table), (table - axes.mean) @ axes.components.T, atol=1e-5)


def test_contexts_weigh_as_much_as_the_vocabulary_however_few_they_are():
    table, contexts = scene()
    ends = np.concatenate(contexts)
    often = np.concatenate([np.repeat(table, len(ends), 0), np.repeat(ends, len(table), 0)]).astype(np.float64)
    axes, exact = fit_axes(table, contexts), PCA(3, svd_solver="full").fit(often)
    np.testing.assert_allclose(np.abs(axes.components @ exact.components_.T), np.eye(3), atol=1e-4)
    np.testing.assert_allclose(axes.explained, exact.explained_variance_ratio_, rtol=1e-4)
    assert (axes.tokens, axes.contexts) == (TOKENS, 10)


def test_no_axis_is_mirrored_when_the_points_come_in_another_order_or_all_are_turned_round():
    table, contexts = scene()
    axes, again = fit_axes(table, contexts), fit_axes(table[::-1].copy(), contexts[::-1])
    np.testing.assert_allclose(axes.components, again.components, atol=1e-5)
    assert (axes.components[[0, 1, 2], np.abs(axes.components).argmax(1)] > 0).all()
    mirrored = fit_axes(-table, [-context for context in contexts])
    np.testing.assert_allclose(axes.components, mirrored.components, atol=1e-5)


def test_two_runs_on_shared_axes_have_every_token_at_the_same_place():
    table, contexts = scene()
    axes = fit_axes(table, contexts)
    walks = [np.random.default_rng(seed).normal(size=(9, 2, WIDTH)).astype(np.float32) for seed in (1, 2)]
    first, second = (project_on(axes, table, {"state": walk}, {"manual": table[:2]}) for walk in walks)
    np.testing.assert_array_equal(first.vocabulary, second.vocabulary)
    np.testing.assert_allclose(first.marks["manual"], first.vocabulary[:2], atol=1e-5)
    assert first.paths["state"].shape == (9, 2, 3) and 0 < first.quality["trustworthiness"] <= 1


def test_how_much_of_a_runs_own_variation_is_shown_is_told():
    table, _ = scene()
    axes = fit_axes(table)
    along = axes.mean + np.linspace(-4, 4, 20)[:, None, None] * axes.components[1]  # (20,1,D): along the second axis
    shares = project_on(axes, table, {"state": along}, {}).quality["explained_paths"]
    assert shares == pytest.approx([0, 1, 0], abs=1e-4)


def test_axes_come_back_from_disk_and_only_for_their_backbone(tmp_path):
    axes = fit_axes(*scene(), backbone_sha256="a" * 64)
    save_axes(axes, tmp_path)
    back = load_axes(tmp_path, "a" * 64)
    assert back.digest == axes.digest == axes_card(tmp_path, "a" * 64)["digest"]
    assert (back.explained, back.tokens, back.contexts) == (axes.explained, TOKENS, 10)
    assert load_axes(tmp_path, "b" * 64) is None
    assert load_axes(tmp_path, "a" * 20 + "b" * 44) is None  # begins alike


@pytest.mark.parametrize(
    ("name", "content"),
    [("safetensors", b"no tensors"), ("json", b"{}"), ("json", b"no json"), ("safetensors", None)],
)
def test_damaged_files_are_refused_by_name(tmp_path, name, content):
    save_axes(fit_axes(*scene(), backbone_sha256="a" * 64), tmp_path)
    (file,) = tmp_path.glob(f"*.{name}")
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ArtifactError, match=file.name):
        load_axes(tmp_path, "a" * 64)


def test_axes_that_are_not_those_of_the_card_or_of_a_newer_format_are_refused(tmp_path):
    save_axes(fit_axes(*scene(), backbone_sha256="a" * 64), tmp_path)
    (file,) = tmp_path.glob("*.json")
    card = json.loads(file.read_text())
    for change, words in (({"digest": "0"}, "not those of the card"), ({"format": 99}, "format 99")):
        file.write_text(json.dumps(card | change))
        with pytest.raises(ArtifactError, match=words):
            load_axes(tmp_path, "a" * 64)


@pytest.mark.parametrize(
    ("table", "contexts", "words"),
    [
        (np.ones((2, 5)), [], "at least 3 points"),
        (np.ones((5, 2)), [], "at least 3 points"),
        (np.full((5, 5), np.nan), [], "finite"),
        (np.eye(5), [np.ones((2, 4))], "the width 5"),
        (np.eye(5), [np.ones(5)], r"\(n, D\)"),
    ],
)
def test_what_cannot_be_fitted_is_refused(table, contexts, words):
    with pytest.raises(ConfigError, match=words):
        fit_axes(table, contexts)
