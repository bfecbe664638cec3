"""The command line: thin commands over the packages beside this one."""
