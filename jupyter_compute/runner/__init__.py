"""What travels to a target: the agent that answers a driver, and the keeper of one run.

Standard library only, Python 3.8 or newer, and no import from the rest of the package.
"""
