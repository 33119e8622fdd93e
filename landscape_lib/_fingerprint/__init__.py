"""Which code makes a result: hashes of what an experiment, or a notebook, uses.

*What can change a number counts, and nothing else.* A piece of code is a definition, not the module it stands in:

- Start at the experiment's function and follow the names it uses, and those that these use: functions, classes,
  constants, wherever they are imported from, also relatively, through packages that pass them on, or inside a function.
- They are followed in `landscape_lib` and in modules of the user's own: whatever is imported from source and is neither
  of the standard library nor installed. Other packages do not count: their versions are in the provenance of a point.
- A definition counts whole: a class with its bases and methods, a function with its decorators and defaults.
- What a module does when it is imported, beyond defining names, may change what others see. It counts for every
  module that is imported on the way: calls, conditions, loops, assignments to an item or attribute (`LOSSES["x"] = f`).
- Where a name cannot be known from the text (a star import, a module that is passed on as an object, `globals()`, an
  import by a computed name), whole modules count: rather too much than a stale answer.
- Comments, docstrings, layout, other definitions in the same modules, what stands behind `if __name__ == "__main__":`
  and is not used, and how results are told (`landscape_lib.report` and the like, if only imported) do not count.

What is set from outside while Python runs, such as a module's attribute in a notebook, cannot be seen in any text.
"""

from landscape_lib._fingerprint._experiments import OWN, Parts, differences, fingerprint, parts
from landscape_lib._fingerprint._notebooks import notebook_parts

__all__ = ["OWN", "Parts", "differences", "fingerprint", "notebook_parts", "parts"]
