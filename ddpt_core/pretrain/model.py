"""The T5 model that is trained from scratch: its sizes, its start, its optimisers."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from transformers import T5Config, T5ForConditionalGeneration

EMBEDDING_DEVIATION = 0.05  # T5's own 1.0 learned 0.4 to 0.9 nats behind at equal time under AdamW


@dataclass(frozen=True)
class ModelSize:
    """Sizes of an encoder-decoder; the defaults give 8.0 M parameters."""

    width: int = 256
    feed_forward: int = 768
    heads: int = 4
    encoder_layers: int = 3
    decoder_layers: int = 3


def new_model(size: ModelSize, tokenizer, seed: int) -> T5ForConditionalGeneration:
    """Returns an untrained T5 whose logits are unscaled at the start.

    transformers scales a tied model's logits by width^-0.5 and stores no switch for it, so the inverse is folded into
    the decoder's final layer norm.
    """
    options: dict[str, Any] = {  # typed loosely: T5Config hands on names that its signature does not list
        "vocab_size": len(tokenizer),
        "d_model": size.width,
        "d_kv": size.width // size.heads,
        "d_ff": size.feed_forward,
        "num_heads": size.heads,
        "num_layers": size.encoder_layers,
        "num_decoder_layers": size.decoder_layers,
        "feed_forward_proj": "gated-gelu",
        "dropout_rate": 0.0,
        "tie_word_embeddings": True,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.pad_token_id,
    }
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)  # T5's own initialisation takes no generator
        model = T5ForConditionalGeneration(T5Config(**options))
        model.shared.weight.normal_(0.0, EMBEDDING_DEVIATION)
        model.decoder.final_layer_norm.weight.fill_(math.sqrt(size.width))
    return model


def new_optimizers(model: torch.nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Returns Muon for the weight matrices of the layers and AdamW for embeddings, position biases and norms."""
    matrices = [
        p for n, p in model.named_parameters() if p.ndim == 2 and "shared" not in n and "relative_attention" not in n
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=rate, momentum=0.95, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate_factor(step: int, total: int, warmup: int = 100, decay_share: float = 0.3) -> float:
    """Returns the share of the learning rate at a step: linear warm-up, a plateau, linear decay to 0 at `total`.

    With a plateau a run can be prolonged by resuming it with a larger `total` (Hägele et al. 2024, arXiv 2405.18392).
    """
    decay = max(1, int(total * decay_share))
    return min(1.0, (step + 1) / warmup, max(0.0, (total - step) / decay))
