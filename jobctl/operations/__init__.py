"""Operations as files: choosing writes one, acting streams it back, undo and resume read it."""
