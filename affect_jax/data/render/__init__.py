"""Procedurally rendered faces: identity, facial action, and image synthesis."""
