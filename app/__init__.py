"""The Gradio app: looks at what `ddpt_core` computes, and computes nothing of its own beyond drawing."""
