"""Operations are files: selecting writes one, the engine streams it back, undo reads it."""
