"""How the rules about a second application know what they say."""
