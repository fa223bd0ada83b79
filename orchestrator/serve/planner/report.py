"""The report, served: a policy that lets its own scripts run and nothing else.

The report says itself that scripts in it may run (`report/page.py`); a browser keeps to both, so
here each script that stands in it is named by its digest. `sandbox` gives the page an origin of its
own: even a script of ours in it could neither read the planner's pages nor send their forms. Vega
compiles its expressions, hence `unsafe-eval`.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
REST: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"
)


def policy_of(page: str) -> str:
    """Return the Content-Security-Policy of a report.

    >>> policy_of("<script>1</script>")[-68:]
    " 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=' 'unsafe-eval'"
    """
    digests = (_digest(script) for script in SCRIPT.findall(page))
    named = " ".join(f"'sha256-{each}'" for each in digests)
    return f"{REST}; script-src {named} 'unsafe-eval'"


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()
