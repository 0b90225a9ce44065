"""One attack a file; each is `audit.attack.Attack`."""
