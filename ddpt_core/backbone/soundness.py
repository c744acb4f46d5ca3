"""Whether what was loaded is whole: weights that are numbers, a tokenizer that is the model's own."""

from collections.abc import Iterable

from ddpt_core.errors import BackboneError


def check_weights(name: str, model, missing: Iterable[str]) -> None:
    """Raises BackboneError for weights that were left random because the files lack them, and for NaN or infinity."""
    import torch

    if missing := sorted(missing):
        raise BackboneError(
            f"The weights of {name!r} are incomplete ({len(missing)} tensors are missing, the first is "
            f"{missing[0]}); download or export the backbone again."
        )
    seen = set()  # tied weights lie once in memory and are looked at once
    for key, values in model.state_dict().items():
        if values.is_meta or not values.is_floating_point() or values.element_size() == 1 or values.data_ptr() in seen:
            continue
        seen.add(values.data_ptr())
        if _all_finite(values):
            continue
        damage = "NaN" if torch.isnan(values).any() else "infinity"
        raise BackboneError(
            f"The weights of {name!r} are damaged ({key} holds {damage}); download or export the backbone again."
        )


def _all_finite(values) -> bool:
    """Returns whether all values are finite numbers, in one core's time of adding them up twice.

    A processor's threads come together slower than one alone needs where others work too: 2 s against 0.16 s for 135 M
    weights. So on a CPU numpy looks at the bits: as integers, with and without sign, what is not finite is the largest.
    """
    import torch

    if values.device.type != "cpu":
        return bool(values.sum().isfinite()) or bool(values.isfinite().all())  # the sum is fast, and may overflow
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()]
    infinity = int(torch.tensor(torch.inf, dtype=values.dtype).view(integers))
    bits = values.detach().view(integers).numpy()
    negative = 2 ** (8 * values.element_size() - 1)  # the bit of the sign
    return bits.size == 0 or (bits.max() < infinity and bits.view(f"u{bits.dtype}").max() < infinity + negative)


def check_reading(backbone) -> None:
    """Raises BackboneError for a model that reads embeddings from its own table otherwise than their token ids."""
    import torch

    ids = backbone.instruction_ids(["sort a list"])[0]
    more = backbone.architecture.beside(ids)
    with torch.no_grad():
        by_ids = backbone.model(input_ids=ids, **more).logits.float()
        embedded = backbone.embedding_table[ids].to(backbone.model.dtype)
        by_embeddings = backbone.model(inputs_embeds=embedded, **more).logits.float()
    if not torch.allclose(by_embeddings, by_ids, rtol=0.01, atol=0.01 * float(by_ids.abs().max())):
        raise BackboneError(
            f"The backbone {backbone.name!r}, which comes with code of its own, reads embeddings otherwise than the "
            "tokens that they stand for, so a context would mean something else to it; choose another."
        )


def check_tokenizer(name: str, tokenizer, rows: int) -> None:
    """Raises BackboneError for a tokenizer that is empty, or that is of another model than one of `rows` embeddings.

    Tokens that were added without growing the table may be there: a text that needs one is refused when it comes.
    """
    marked = tokenizer("return")["input_ids"]
    if "return" not in tokenizer.decode(marked):  # transformers makes up an empty one
        raise BackboneError(f"The tokenizer of {name!r} is missing; save it beside the model with save_pretrained.")
    own = set(tokenizer.get_vocab().values()) - set(tokenizer.added_tokens_decoder)
    if max(own, default=0) >= rows or max(marked) >= rows:
        most = max(*own, *marked)
        raise BackboneError(
            f"The tokenizer of {name!r} has token ids up to {most:,}, but the model has {rows:,} embeddings, up to "
            f"{rows - 1:,}; put model and tokenizer of one backbone into the folder."
        )
