"""The book's builder: `python -m builder STEP`, from `book/`, makes what `make` asks for."""
