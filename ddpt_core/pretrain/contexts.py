"""Contexts: the words before an instruction that say what kind of answer is wanted.

The same instruction stands under different contexts with different answers (see forms), so the model must read the
context.
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
    "assigned": (
        "Assign the answer to the variable result:",
        "Python statement that sets result to the value of this:",
        "Store it in a variable named result:",
        "result is to hold the following:",
        "One line of Python, beginning with result =",
    ),
    "printed": (
        "Print the answer:",
        "Write a Python statement that prints this:",
        "Show it on the screen with print:",
        "A call of print that displays the following:",
        "Output the value with print():",
    ),
    "wrapped": (
        "Put the answer into a function named solve:",
        "def solve, which takes the inputs and returns this:",
        "Write it as the function solve with the variables as parameters:",
        "A function solve that gives back the following:",
        "Wrap the expression in def solve:",
    ),
    "lambda": (
        "Answer with a lambda:",
        "Write it as a lambda over the named variables:",
        "A lambda expression that computes this:",
        "Anonymous Python function for the following:",
        "lambda with the inputs as arguments:",
    ),
    "double quoted": (
        "Use double quotes for strings:",
        'One line of Python, with "double" quotes:',
        "Python expression, its texts in double quotes:",
        "Code in the style of black, on one line:",
    ),
    "explain": (
        "Describe this Python code in one sentence:",
        "What does this code do?",
        "Write a docstring for the code below:",
        "Summarise the following Python code in English:",
    ),
}
