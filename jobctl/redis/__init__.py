"""Where the data lives: one Redis, and the scripts it runs. The only room that imports redis."""
