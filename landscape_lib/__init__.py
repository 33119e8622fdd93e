"""Loss landscapes of neural networks, measured.

Data flows one way: ``data`` → ``nets`` → ``training`` → ``measure`` → ``experiments``; ``report`` tells the results.
"""
