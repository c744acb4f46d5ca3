"""Signs of a stranger's text that are spelled out where it is shown; all others stand as they are.

Those that turn the direction of writing make code read as what it is not ("Trojan Source", arXiv 2111.00169), and
control characters, halves of surrogate pairs and U+FFFE and U+FFFF cannot be written everywhere. Joiners, wide blanks
and unknown signs harm nobody, and many scripts and emoji are made of them.
"""

import re

# Controls; ALM, LRM, RLM; line and paragraph separator; embeddings and overrides; isolates; surrogates; no characters.
MISLEADING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
