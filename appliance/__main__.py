"""`python -m appliance` is `chartside`."""

from appliance.cli import main

main()
