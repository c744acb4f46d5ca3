"""The loop that learns a prompt with the loss of the frozen backbone, on one process or many."""
