"""The library of generated texts, with everything needed to reproduce each of them."""
