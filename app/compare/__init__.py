"""The Compare tab: one instruction, and the code that each column leads to."""
