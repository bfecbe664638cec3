"""What an agent sees: decoded from its own vector and mask, written as text, drawn as a picture."""
