"""The spherical p-spin model, the null model of rough landscapes: its energies, and descent on samples with p = 3.

H(s) = N^{−(p−1)/2} Σ J_{i₁…i_p} s_{i₁} ⋯ s_{i_p} over all ordered p-tuples of N spins with |s|² = N, and J independent
N(0, 1). At any two states ⟨H(s) H(s')⟩ = N (s·s'/N)^p: the *pure* model, in the units of Auffinger, Ben Arous & Černý
(2013), 1003.1129. Where ⟨H H'⟩ = (N/2) q^p, energies are smaller by √2. Energies are per spin.

For N → ∞ descent from random starts ends at the threshold energy (Cugliandolo & Kurchan 1993; for Langevin dynamics at
low temperature proved by Sellke, 2305.07956). In *mixed* models, sums over several p, where it ends depends on the
start, and it goes below (Folena, Franz & Ricci-Tersenghi, 1903.01421).
"""

from landscape_lib.measure.pspin._descent import Descent, descend
from landscape_lib.measure.pspin._model import PSpin, p_spin, random_states, tangents
from landscape_lib.measure.pspin._theory import complexity, ground_state_energy, threshold_energy

__all__ = [
    "Descent",
    "PSpin",
    "complexity",
    "descend",
    "ground_state_energy",
    "p_spin",
    "random_states",
    "tangents",
    "threshold_energy",
]
