"""What is made of a raw answer: the code that is cut out of it."""
