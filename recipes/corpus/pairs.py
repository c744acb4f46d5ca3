"""Every pair of a request and its code that a model can be trained on, by where it is from."""

from families import Instance, training_instances
from recipes.corpus.compositions import compositions
from recipes.corpus.corpus import Pair
from recipes.corpus.forms import forms_of
from recipes.corpus.idioms import idiom_pairs
from recipes.corpus.rephrasings import rephrasings

FUNCTIONS_OF_IDIOMS = 10  # one for so many of their statements
OTHER_FORMS = 4  # one answer of one line in so many stands in another form as well

Pairs = dict[str, list[tuple[str, str]]]


def training_pairs(mined: list[Pair], count: int, seed: int) -> Pairs:
    """Returns source -> (request, code) pairs: what was mined, by its kind, and `count` of each of our own sources.

    Our own are the task families in their wordings and in further ones, idioms, and compositions; a part of the answers
    of one line comes in another form too. Nothing that the families hold out is among them. The same seed gives the
    same pairs. For a few hundred thousand it takes a minute.
    """
    pairs: Pairs = {}
    for pair in mined:
        pairs.setdefault(pair.kind, []).append((pair.text, pair.code))
    for source, tasks in {
        "family": training_instances(count, seed),
        "rephrased": training_instances(count, seed + 1, rephrasings),
    }.items():
        for task in tasks:
            pairs.setdefault(f"{source} {kind_of(task)}", []).append((task.instruction, task.reference))
    pairs["idiom"] = idiom_pairs(count, seed, "statement")
    pairs["idiom function"] = idiom_pairs(count // FUNCTIONS_OF_IDIOMS, seed, "function")
    pairs["composition"] = compositions(count, seed)
    lines = [*pairs["family statement"], *pairs["composition"]]
    return pairs | in_other_forms(lines[::OTHER_FORMS])


def kind_of(task: Instance) -> str:
    """Returns "function" for a task whose answer is a definition, else "statement"."""
    return "function" if task.reference.startswith(("def ", "class ")) else "statement"


def in_other_forms(lines: list[tuple[str, str]]) -> Pairs:
    """Returns form -> pairs, each line in one form, in turn; a line that has no other is left out."""
    pairs: Pairs = {}
    for number, (text, code) in enumerate(lines):
        if forms := forms_of(code):
            form = list(forms)[number % len(forms)]
            pairs.setdefault(form, []).append((text, forms[form]))
    return pairs
