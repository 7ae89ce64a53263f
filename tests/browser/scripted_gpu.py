"""A GPU that says of itself what is not true, in the page and in its workers."""

from __future__ import annotations

import json
from typing import Final

from playwright.sync_api import BrowserContext, Route

CLAIM_HALF: Final = """
if (self.GPUSupportedFeatures) {
  const [has, requestDevice] = [GPUSupportedFeatures.prototype.has, GPUAdapter.prototype.requestDevice];
  GPUSupportedFeatures.prototype.has = function (name) { return name === "shader-f16" || has.call(this, name); };
  GPUAdapter.prototype.requestDevice = function (asked) {
    const requiredFeatures = asked.requiredFeatures.filter((name) => name !== "shader-f16");
    return requestDevice.call(this, { ...asked, requiredFeatures });
  };
}
"""
"""Claims 16-bit numbers for a GPU without them: shaders with them are refused when they are compiled."""
_IN_ITS_WORKERS: Final = f"""
self.Worker = class extends Worker {{
  constructor(url, options) {{
    const script = (text) => URL.createObjectURL(new Blob([text], {{ type: "text/javascript" }}));
    super(script(`import "${{script({json.dumps(CLAIM_HALF)})}}"; import "${{url}}";`), options);
  }}
}};
"""
"""A worker's workers cannot be routed; they begin with the claim."""


def claim_half(context: BrowserContext) -> None:
    """Claim 16-bit numbers where note engines that are started from now on look for a GPU."""
    context.route("**/assets/worker-*.js", _with_claim)


def _with_claim(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=_IN_ITS_WORKERS + response.text())
