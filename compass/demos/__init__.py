"""Demonstrations: recorded battles that skill libraries are made from, never counted and never trained on."""
