"""demo.html: the classifier in one file that one can pass on. It answers in the page, and no picture leaves it.

The network is model.onnx, unchanged, so that the page answers as Python does; ONNX Runtime Web (MIT) runs it. Both are
packed into the page, and its policy forbids it every request.
"""

from __future__ import annotations

import base64
import gzip
import json
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from .. import data, pages
from ..data import places
from ..pages import in_html, plain
from . import card, export
from .result import Result

if TYPE_CHECKING:
    from .building import Built

DEMO = "demo.html"
SAID = ("How good", "What it refuses", "What it lets in")  # of the summary

_BODY = Template("""\
<main>
<h1>$title</h1>
<p>It knows $n classes: $classes. Of anything else it should say <b>none of these</b>.</p>
<div class="drop" id="drop">
<p>Drop a picture here, paste one, or</p>
<div class="buttons">
<button type="button" id="choose" disabled>Choose a picture</button>
<button type="button" id="camera" disabled>Use the camera</button>
<input type="file" id="file" accept="image/*" tabindex="-1" aria-label="a picture">
</div>
</div>
<p id="status" role="status">Starting the network, a few seconds …</p>
<section class="seen" id="seen" hidden>
<canvas id="canvas" role="img" aria-label="the picture as the network gets it"></canvas>
<div><p class="answer" id="answer" aria-live="polite"></p><p class="soft" id="told"></p><table id="table"></table></div>
</section>
<p class="soft">The network is inside this page. It makes no request: your picture stays on this machine.</p>
<details><summary>How good is it?</summary><ul>$said</ul></details>
</main>
<script type="application/json" id="about">$about</script>
<script type="text/plain" id="runtime">$runtime</script>
<script type="text/plain" id="wasm">$wasm</script>
<script type="text/plain" id="network">$network</script>
<script type="module">$js</script>""")


def write(built: Built) -> Path:
    """Write demo.html into the folder of the build, of the model.onnx that is there; returns its path.

    Raises:
        DataError: ONNX Runtime Web cannot be had: not fetched before, not on the mirror, and no network.
        FileNotFoundError: there is no model.onnx; `export.write` makes it.
    """
    network = built.out / export.ONNX
    if not network.is_file():
        raise FileNotFoundError(f"demo.html wants {export.ONNX} in {str(built.out)!r}; export.write(built) makes it.")
    text = page(built.result, network.read_bytes())
    path = built.out / DEMO
    with places.replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")
    return path


def page(result: Result, network: bytes) -> str:
    """The page, HTML, around an ONNX file of `export`. DataError where the runtime cannot be had."""
    here = Path(__file__)
    js = here.with_suffix(".js").read_text(encoding="utf-8")
    names = [plain(name) for name in result.classes]
    about = json.dumps({"classes": names, "stored": result.model.stored})
    title = f"Which of {plain(result.looked.folder)}?"
    body = _BODY.substitute(
        title=in_html(title),
        n=len(names),
        classes=escape(", ".join(names[:30]) + (" …" if len(names) > 30 else "")),
        said="".join(f"<li><b>{head}</b>: {escape(' '.join(lines))}</li>" for head, lines in _said(result).items()),
        about=about.replace("<", "\\u003c"),
        runtime=_packed(data.runtime_file("onnxruntime_web").read_bytes()),
        wasm=_packed(gzip.compress(data.runtime_file("onnxruntime_web_wasm").read_bytes(), 6, mtime=0)),
        network=_packed(gzip.compress(network, 6, mtime=0)),
        js=js,
    )
    return pages.page(
        title,
        body,
        css=here.with_suffix(".css").read_text(encoding="utf-8"),
        allowed=f"script-src {pages.only_this(js)} blob: 'wasm-unsafe-eval'; style-src 'unsafe-inline'; "
        "media-src blob:; connect-src 'none'",
    )


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _said(result: Result) -> dict[str, list[str]]:
    """What the summary says under each of the heads `SAID`."""
    head, said = "", dict[str, list[str]]()
    for line in card.summary(result).splitlines():
        head = line[:16].strip() or head
        if head in SAID and line[16:].strip():
            said.setdefault(head, []).append(line[16:].strip())
    return said
