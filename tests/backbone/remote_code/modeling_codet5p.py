"""A tiny model with code of its own, as CodeT5+ 2B to 16B come: other widths, cross-attention in the last layer alone.

Loaded by transformers from a folder, never imported by the tests.
"""

import torch
from torch import nn
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput


class CodeT5pModuleConfig(PretrainedConfig):
    model_type = "codet5p_module"
    attribute_map = {  # noqa: RUF012
        "max_position_embeddings": "n_positions",
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
    }

    def __init__(self, vocab_size=300, n_positions=64, n_embd=16, n_layer=2, n_head=2, **kwargs):
        self.vocab_size, self.n_positions, self.n_embd, self.n_layer = vocab_size, n_positions, n_embd, n_layer
        self.n_head = n_head
        super().__init__(**kwargs)


class CodeT5pConfig(PretrainedConfig):
    model_type = "codet5p"
    is_composition = True

    def __init__(self, encoder=None, decoder=None, **kwargs):
        self.encoder = CodeT5pModuleConfig(**(encoder or {}))
        self.decoder = CodeT5pModuleConfig(**({"n_embd": 24} | (decoder or {})))
        kwargs["is_encoder_decoder"] = True
        super().__init__(**kwargs)


class Layer(nn.Module):
    def __init__(self, config, context_width=None):
        super().__init__()
        self.attention = nn.MultiheadAttention(config.n_embd, config.n_head, batch_first=True)
        self.wide = nn.Linear(config.n_embd, config.n_embd)
        if context_width:
            self.crossattention = nn.MultiheadAttention(config.n_embd, config.n_head, batch_first=True)

    def forward(self, x, hidden, causal=None, seen=None, unseen=None):
        x = x + self.attention(x, x, x, key_padding_mask=hidden, attn_mask=causal, need_weights=False)[0]
        if hasattr(self, "crossattention"):
            x = x + self.crossattention(x, seen, seen, key_padding_mask=unseen, need_weights=False)[0]
        return x + torch.tanh(self.wide(x))


class Stack(nn.Module):
    def __init__(self, config, context_width=None):
        super().__init__()
        self.wte, self.wpe = (
            nn.Embedding(config.vocab_size, config.n_embd),
            nn.Embedding(config.n_positions, config.n_embd),
        )
        last = config.n_layer - 1
        self.h = nn.ModuleList(Layer(config, context_width if i == last else None) for i in range(config.n_layer))


class Encoder(Stack):
    main_input_name = "input_ids"

    def forward(self, input_ids=None, attention_mask=None, inputs_embeds=None, **kwargs):
        x = self.wte(input_ids) if inputs_embeds is None else inputs_embeds
        x = x + self.wpe.weight[: x.shape[1]]
        hidden = None if attention_mask is None else attention_mask == 0
        for layer in self.h:
            x = layer(x, hidden)
        return BaseModelOutput(last_hidden_state=x)


class CodeT5pEncoderDecoderModel(PreTrainedModel, GenerationMixin):
    config_class = CodeT5pConfig
    main_input_name = "input_ids"

    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder(config.encoder)
        self.decoder = Stack(config.decoder, config.encoder.n_embd)
        self.enc_to_dec_proj = nn.Linear(config.encoder.n_embd, config.decoder.n_embd)
        self.head = nn.Linear(config.decoder.n_embd, config.decoder.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module):
        for parameter in module.parameters(recurse=False):
            parameter.data.normal_(0.0, 1.0)

    def get_encoder(self, *given, **options):
        return self.encoder

    def get_input_embeddings(self):
        return self.encoder.wte

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, encoder_outputs=None, **kwargs):
        return {"decoder_input_ids": input_ids, "attention_mask": attention_mask, "encoder_outputs": encoder_outputs}

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        encoder_outputs=None,
        inputs_embeds=None,
        use_cache=None,
        **kwargs,
    ):
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, attention_mask, inputs_embeds)
        seen = self.enc_to_dec_proj(encoder_outputs[0])
        x = self.decoder.wte(decoder_input_ids)
        x = x + self.decoder.wpe.weight[: x.shape[1]]
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        unseen = None if attention_mask is None else attention_mask == 0
        for layer in self.decoder.h:
            x = layer(x, None, causal, seen, unseen)
        return Seq2SeqLMOutput(logits=self.head(x))
