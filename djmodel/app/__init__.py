"""The page that improvises with a player: its protocol (docs/protocol.md) and its server."""
