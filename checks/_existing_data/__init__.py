"""How a migration gets along with rows: the search, what it looks at, and how it tells what it found."""
