"""``python -m loopbus.cli`` is the command ``loopbus``."""

from . import main

main()
