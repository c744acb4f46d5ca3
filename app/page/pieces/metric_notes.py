"""What each figure of an answer means, in a few words for the page: what it measures, its range, its trap.

The example stands for all figures of the text: `min(numbers)` where `max(numbers)` was wanted.
"""

EXAMPLE = ("min(numbers)", "max(numbers)")  # answer and reference

METRIC_NOTES = {
    "bleu": "Runs of one to four tokens of the answer that the reference has too (a geometric mean), less for an "
    "answer shorter than the reference. 0 to 100, higher is better. It is 0 where no four tokens in a row match: "
    "always for an answer under four tokens, and for min(numbers) in place of max(numbers).",
    "codebleu": "The mean of four matches with the reference: runs of tokens, runs with keywords weighed five times, "
    "parts of the syntax tree, and the flow of values, which is left out where the reference has none. 0 to 100, "
    "higher is better. Code of the right shape scores high with wrong names: min(numbers) in place of max(numbers) "
    "gets 60.",
    "chrf": "Runs of one to six characters that answer and reference share, blanks left out; what is missing weighs "
    "more than what is too much. 0 to 100, higher is better. It sees letters, not meaning: min(numbers) in place of "
    "max(numbers) gets 69.",
    "rouge_l": "The longest sequence of tokens that both have in the same order, gaps allowed, set against both "
    "lengths. 0 to 100, higher is better. Brackets and commas match easily: min(numbers) in place of max(numbers) gets "
    "75.",
    "exact_match": "Whether the tokens are those of the reference; blanks, indentation and the kind of quote are free. "
    "Yes is better. Right code that is written otherwise is a no.",
    "valid_python": "Whether the answer as it stands parses as Python and holds a statement. Yes is better; it needs "
    "no reference. It says nothing of what the code does: a lone name parses.",
    "seconds": "Time that the model took to write the answer, less is faster. Making the context is not in it, which "
    "for DDPT is the whole denoising; it depends on the machine and on what else runs.",
    "tokens": "How many tokens of the model’s own vocabulary were written, with its mark of the end. Neither more nor "
    "less is better; an answer of as many as are allowed was most likely cut off.",
    "pass_at": "The chance that at least one of k answers to a task passes all its tests. 0 to 100 %, higher is "
    "better. Only tasks with tests count, and tests may miss what is wrong.",
    "loss": "How unlikely the model finds the references’ tokens, in nats per token. From 0 up, lower is better. It is "
    "about the reference’s words: another right answer may be likelier.",
}


def note_of(name: str) -> str:
    """Returns what the measure `name` means; pass@1, pass_at_1 and the like are all pass_at."""
    return METRIC_NOTES["pass_at" if name.startswith(("pass@", "pass_at")) else name]
