"""An embedding space as an MCP server: assistants look concepts up, ask for neighbors and relatedness, and have them explained."""
