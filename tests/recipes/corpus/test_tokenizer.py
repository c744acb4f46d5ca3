"""The tokenizer for code: every text survives it, and words do not run together."""

import pytest

from recipes.corpus.tokenizer import SPECIAL_TOKENS, train_tokenizer

CODE = ["def total(items):\n    return sum(items)", "x = [n ** 2 for n in range(10)]", "total of the items in range"]


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer of 320 tokens."""
    return train_tokenizer(CODE * 3, vocabulary=320)


@pytest.mark.parametrize(
    "text",
    [
        *CODE,
        "",
        " ",
        "\n\n\t x",
        "naïve Ünïcödé 数 🐍",
        "a==b!=c->d**2//3",
        "__init__",
        "x0_hat = 12345",
        "\x00\x7f",
        "a \n b",
    ],
)
def test_every_text_survives_a_round_trip(text, tokenizer):
    ids = tokenizer(text)["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id and tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_special_tokens_have_the_first_ids_and_padding_is_zero(tokenizer):
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS.values())) == [0, 1, 2, 3, 4]
    assert tokenizer.pad_token_id == 0


def test_it_is_the_same_after_saving_and_loading(tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert [again(text)["input_ids"] for text in CODE] == [tokenizer(text)["input_ids"] for text in CODE]
    assert (
        again.model_max_length == 512 and again.decode(again(CODE[0])["input_ids"], skip_special_tokens=True) == CODE[0]
    )


def test_digits_stand_alone_and_line_breaks_keep_their_indentation(tokenizer):
    def tokens(text):
        return [tokenizer.decode([i]) for i in tokenizer(text, add_special_tokens=False)["input_ids"]]

    assert tokens("10") == ["1", "0"]
    assert "\n    " in tokens(CODE[0])


def test_same_texts_train_the_same_tokenizer(tokenizer):
    assert train_tokenizer(CODE * 3, vocabulary=320).get_vocab() == tokenizer.get_vocab()
