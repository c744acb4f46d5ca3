"""How the embedded default backbone was made: corpus, tokenizer, training."""
