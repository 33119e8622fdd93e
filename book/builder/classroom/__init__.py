"""What a class takes home: notebooks with stubs for solutions, and the whole book in one file."""
