"""Who is a tenant, rows of two of them, and what each identity can see and change of the other."""
