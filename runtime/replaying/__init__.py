"""Executes recorded runs again, and tells what is different."""
