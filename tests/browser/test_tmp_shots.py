from tests.browser.test_resolution_explorer import *
import nbformat, time
from tests.browser import conftest as C
TINY = """import torch
from course_lib import data, features, models
from course_lib.figures.resolution_explorer import SIZES, block_average, resolution_explorer
"""
def test_shots(lab, open_notebook, run_all, chromium):
    page = open_notebook(LESSON)
    run_all(page)
    box = page.locator(".widget-vbox", has=page.locator(".cnnsee-res"))
    box.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    box.scroll_into_view_if_needed()
    print("times", page.evaluate("""async () => {
      const h = document.querySelector('.cnnsee-res').closest('.widget-vbox').querySelector('[role=slider]');
      const title = document.querySelector('.cnnsee-res-title'); const times = [], script=[];
      for (let i = 0; i < 120; i++) {
        await new Promise(requestAnimationFrame); await new Promise(r => setTimeout(r, 3 + i % 11));
        const key = i % 12 < 6 ? 'ArrowRight' : 'ArrowLeft';
        const old = title.textContent;
        const start = performance.now();
        h.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
        if (title.textContent === old) { continue; }
        script.push(performance.now() - start);
        await new Promise(r => requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = r; c.port2.postMessage(0); }));
        times.push(performance.now() - start);
      }
      for (const t of [times, script]) t.sort((a, b) => a - b);
      const q = (t, p) => +t[Math.floor(p * t.length)].toFixed(2);
      return {n: times.length, median: q(times, .5), p95: q(times, .95), script: q(script, .5), script95: q(script, .95)};
    }"""))
    page.screenshot(path="/tmp/shot_light.png")
    page.keyboard.press("Control+s"); page.wait_for_timeout(1000)
    print(page.evaluate("""async (token) => (await fetch(`/lab/api/settings/@jupyterlab/apputils-extension:themes?token=${token}`, {method: 'PUT', body: JSON.stringify({raw: '{"theme":"JupyterLab Dark"}'}), headers: {Authorization: `token ${token}`}})).status""", lab.token))
    page = open_notebook(LESSON); run_all(page)
    box = page.locator(".widget-vbox", has=page.locator(".cnnsee-res"))
    box.get_by_role("slider").focus(); page.keyboard.press("ArrowRight"); box.scroll_into_view_if_needed()
    page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached"); page.wait_for_timeout(1500)
    page.screenshot(path="/tmp/shot_dark.png")
    page.set_viewport_size({"width": 420, "height": 900}); page.wait_for_timeout(1500)
    box.scroll_into_view_if_needed()
    page.screenshot(path="/tmp/shot_phone.png")
