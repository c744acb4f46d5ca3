"""Training a prompt with the loss of the frozen backbone: DDPT and the prompt-tuning baseline."""
