"""The wires that embeddings travel on: requests into JSON, answers into vectors, with no I/O and no clock."""
