"""Looking at releases: the explorer and the HTTP API. Opens released folders only, and nothing of the secret side."""
