"""What a runtime with a store does more: it records each run, takes up those that were left, and shares them."""
