"""How a conversation begins whose beginning is not shown: many providers want a user to speak first."""

OPENING = "(What was said before is left out.)"
"""What the user says then, as where a window begins with an answer."""
