"""What a person means by a sentence typed into the chat."""
