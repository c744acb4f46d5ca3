"""Fields of a form that several tabs ask, and what is typed into them."""
