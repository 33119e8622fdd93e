"""The parts of `landscape_lib.sweeps`.

``point`` runs in the workers; ``fingerprint`` says by which code. ``store`` keeps the points, ``clients`` tells whose
they are. ``drive`` is the loop, ``progress`` how far it is, ``processes`` the workers at home, ``command`` the command.
"""
