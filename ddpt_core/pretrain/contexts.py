"""Contexts: the words before an instruction that say what kind of answer is wanted.

The same instruction stands under different contexts with different answers, so the model must read the context. Some
phrasings per kind are left out of training, as contexts that the model has never seen.
"""

CONTEXTS: dict[str, tuple[str, ...]] = {
    "statement": (
        "Write one line of Python code for this request:",
        "Python one-liner:",
        "Give a single Python statement that does the following:",
        "How do I do this in one line of Python?",
        "Answer with one Python expression, nothing else:",
        "Translate the intent into a Python snippet:",
        "Short Python snippet to",
        "Code for the task below, on one line:",
    ),
    "function": (
        "Write a Python function for this description:",
        "Implement the following as a Python function:",
        "Define a function, with def and return, that does this:",
        "Python function with the described behaviour:",
        "Complete program text of a function:",
        "Write the whole function, with its signature and body:",
    ),
    "call": (
        "Name the library call that does this:",
        "Which function call is described here?",
        "Give the API call with its parameters:",
        "Signature of the described library function:",
    ),
    "explain": (
        "Describe this Python code in one sentence:",
        "What does this code do?",
        "Write a docstring for the code below:",
        "Summarise the following Python code in English:",
    ),
}
