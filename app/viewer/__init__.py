"""The trajectory viewer: one gr.HTML component, its script, and what packs a run for it."""
