"""How it looks: rows in, text out. The only room that imports rich."""
