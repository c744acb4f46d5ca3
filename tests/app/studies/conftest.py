"""A fresh clone, where no data folder is."""

import pytest

from app.page.services import Services
from app.studies import study_file
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.settings import DEFAULT_CONTEXT
from recipes.corpus.tokenizer import train_tokenizer


@pytest.fixture
def fresh(answering, tiny, tmp_path, monkeypatch):
    """The services where there is no data folder, as in a fresh clone; the default backbone is the tiny T5.

    Its tokenizer knows the words of the default context, which so fits into the positions of a usual prompt.
    """
    monkeypatch.setattr(study_file, "DATA_FOLDER", str(tmp_path / "nowhere"))
    backbone = FrozenLM(registry.DEFAULT, tiny.model, train_tokenizer([DEFAULT_CONTEXT], vocabulary=300))
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: backbone)
    return Services(answering.cache)
