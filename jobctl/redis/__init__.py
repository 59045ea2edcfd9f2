"""Where the data lives: the only room that imports redis."""
