"""What the rules of what the hosted Supabase refuses have in common."""
