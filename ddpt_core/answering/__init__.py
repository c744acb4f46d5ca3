"""From an instruction to judged code: a context from an arm, an answer of the backbone, the code cut out of it."""
