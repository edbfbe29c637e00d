"""A small embedding model on the user's own CPU, computed with numpy alone."""
