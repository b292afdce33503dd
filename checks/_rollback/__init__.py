"""How the rules about rollback know what they say."""
