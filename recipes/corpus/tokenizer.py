"""A byte-level BPE tokenizer for code, trained on texts, in the format that `transformers` loads."""

from collections.abc import Iterable

from transformers import PreTrainedTokenizerFast

# Ids 0 to 4, in the order of CodeT5's tokenizer where 0 is the padding that also starts the decoder.
SPECIAL_TOKENS = {
    "pad_token": "<pad>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}

# One token never crosses these pieces: a word with the blank before it, a digit, a line break with its indentation,
# a common operator, a single mark. So a name reads the same in an instruction and in code.
PIECES = r" ?[\p{L}_]+|\d|\n *| ?(?:==|!=|<=|>=|->|\*\*|//|\+=|-=|\(\)|\[\]|\{\})| ?[^\s\p{L}_\d]|\s+"


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Returns a byte-level BPE tokenizer of `vocabulary` tokens trained on `texts`; all text survives a round trip."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, clean_up_tokenization_spaces=False, **SPECIAL_TOKENS
    )
