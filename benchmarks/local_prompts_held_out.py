TOOLS = []
CASES = []
