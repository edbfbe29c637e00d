"""What loopbus costs, each figure beside a hand-written floor that was measured in the same run."""
