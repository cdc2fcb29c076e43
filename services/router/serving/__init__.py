"""What callers are answered: gRPC's methods, sessions of desktops, and what they read."""
