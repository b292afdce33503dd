"""How the rules about conflicts know what they say."""
