"""The frozen code LLM: found by name, loaded, embedding text, scoring and generating from a context."""
