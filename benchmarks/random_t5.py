"""A T5 of random weights and 300 tokens, in sizes to choose, for what needs no model that can do anything."""

from tempfile import TemporaryDirectory

import torch
import transformers

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.loading import load_backbone
from families import training_instances

VOCABULARY = 300
TEXTS = 500  # tasks whose texts the tokenizer is trained on
MARKS = {"pad_token": "<pad>", "eos_token": "</s>"}  # ids 0 and 1
SMALL = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_heads": 2, "num_layers": 1, "num_decoder_layers": 1}
MIDDLE = {"d_model": 256, "d_kv": 64, "d_ff": 768, "num_heads": 4, "num_layers": 3, "num_decoder_layers": 3}
DEVIATION = 0.05  # of the embeddings; with T5's own 1.0 a tied table's logits are so large that no gradient is left


def random_t5(sizes: dict[str, int]) -> FrozenLM:
    """Returns the frozen model of SMALL, MIDDLE or other sizes, on the CPU; the same one for the same sizes."""
    transformers.utils.logging.disable_progress_bar()
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        config = transformers.T5Config(
            vocab_size=VOCABULARY,
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,
            tie_word_embeddings=True,
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
            **sizes,
        )
        model = transformers.T5ForConditionalGeneration(config)
        model.shared.weight.normal_(0.0, DEVIATION)
        model.decoder.final_layer_norm.weight.fill_(sizes["d_model"] ** 0.5)  # a tied model scales by the inverse
        model.save_pretrained(folder)
        new_tokenizer().save_pretrained(folder)
        return load_backbone(folder, device="cpu")


def new_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """Returns a byte-level BPE tokenizer of VOCABULARY tokens for the texts of our own tasks."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tasks = training_instances(TEXTS, seed=1)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(MARKS.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((text for task in tasks for text in (task.instruction, task.reference)), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, clean_up_tokenization_spaces=False, **MARKS
    )
