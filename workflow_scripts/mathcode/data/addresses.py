"""Files from public addresses, whole or not at all."""

import shutil
from pathlib import Path

_SECONDS = 120
"""A server silent for longer is given up."""


class AddressError(Exception):
    """An address gave no file, or a part of one; says which address, and why."""


def download(address: str, target: Path) -> None:
    """Keep what an address gives. A server that breaks off may tell nothing of it, but it announced more bytes.

    Raises:
        AddressError: it gave nothing, or not all; nothing is kept.
    """
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as response, target.open("wb") as copy:
            shutil.copyfileobj(response, copy)
            announced = response.headers.get("Content-Length") or ""
        if announced.isdecimal() and int(announced) != target.stat().st_size:
            raise ConnectionError(f"broken off after {target.stat().st_size} of {announced} bytes")
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ValueError, ConnectionError) as error:
        target.unlink(missing_ok=True)
        raise AddressError(f"address {address}: {getattr(error, 'reason', error)}") from error
