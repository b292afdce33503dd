"""How the rules about locks know what they say."""
