"""How what ships was made and chosen; nothing imports it at run time."""
