"""Pieces of a page that several tabs show, as HTML with their CSS."""
