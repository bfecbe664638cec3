"""The machinery around skill files: `library` loads and checks them, `sandbox` runs them, `fallback` acts when one fails.

Nothing is imported here: the processes that run skills load parts of this package and must stay small.
"""
