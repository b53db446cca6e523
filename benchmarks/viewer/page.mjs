// Opens a page that was written as .html in headless Chromium, whose WebGL is drawn by SwiftShader on the processor.
//
//   node page.mjs PAGE [--width N] [--height N] [--camera=X,Y,Z,X,Y,Z,FOV] [--picture FILE.png] [--frames N]
//
// Once before: npm ci --ignore-scripts, in this folder or a copy of it.
// --camera: eye, target (in the scene's axes, y down) and the field of view along the longer side in degrees; without it
// the page's own. --frames: how many frames to time, after three more. Standard output is one JSON object: the browser,
// what draws, the camera, what the page wanted from a network, and ms_per_frame (median, min, max, all). A frame ends
// when one of its pixels has come back; the camera stands still, so the viewer need not sort again. CHROMIUM names a
// browser, otherwise it is the system's or npm's; `taskset -c 0,1 node page.mjs ...` keeps it and all its processes on two cores.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const LOAD_MS = 120_000;
const WARM_UP = 3;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: 'string', default: '648' },
    height: { type: 'string', default: '420' },
    camera: { type: 'string' },
    picture: { type: 'string' },
    frames: { type: 'string', default: '0' },
  },
});

// The system's browser, else the one that npm brought, which unpacks itself and what it needs of a system's libraries.
async function browserPath() {
  for (const name of [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']) {
    if (name && spawnSync(name, ['--version']).status === 0) {
      return spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).stdout.trim();
    }
  }
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  return packed.executablePath();
}

// The page's first camera replaced: the viewer's axes are half a turn about z away from the scene's.
async function withCamera(page, numbers) {
  const [ex, ey, ez, tx, ty, tz, fov] = numbers.split(',').map(Number);
  const initial = { position: [-ex, -ey, ez], target: [-tx, -ty, tz], fov };
  const html = await readFile(page, 'utf8');
  const changed = html.replace(/"initial":\{[^{}]*\}/, `"initial":${JSON.stringify(initial)}`);
  if (![ex, ey, ez, tx, ty, tz, fov].every(Number.isFinite) || changed === html) {
    throw new Error(`--camera ${numbers} is not seven numbers, or ${page} has no camera`);
  }
  return changed;
}

async function timeFrames(page, count) {
  return page.evaluate(async (wanted) => {
    const { app } = window;
    const gl = app.graphicsDevice.gl;
    const pixel = new Uint8Array(4);
    const times = [];
    for (let i = 0; i < wanted; i++) {
      times.push(
        await new Promise((resolve) => {
          let start;
          app.once('framerender', () => (start = performance.now()));
          app.once('frameend', () => {
            gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
            resolve(performance.now() - start);
          });
          app.renderNextFrame = true;
        }),
      );
    }
    return times;
  }, count);
}

const folder = await mkdtemp(join(tmpdir(), 'diorama-page-'));
let browser;
try {
  let file = positionals[0];
  if (options.camera) {
    file = join(folder, 'page.html');
    await writeFile(file, await withCamera(positionals[0], options.camera));
  }
  browser = await chromium.launch({
    executablePath: await browserPath(),
    args: [
      '--no-sandbox',
      '--use-gl=angle',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-frame-rate-limit',
      '--disable-gpu-vsync',
    ],
  });
  const page = await browser.newPage({
    viewport: { width: Number(options.width), height: Number(options.height) },
    deviceScaleFactor: 1,
  });
  const requests = [];
  const errors = [];
  page.on('request', (r) => /^(file|data|blob):/.test(r.url()) || requests.push(r.url()));
  page.on('pageerror', (e) => errors.push(e.message));
  await page.addInitScript(() => {
    window.drawn = new Promise((resolve) => (window.firstFrame = resolve));
  });
  await page.goto(`${pathToFileURL(file)}?webgl&noui&noanim`);
  const late = { timer: 0 };
  const drawn = await Promise.race([
    page.evaluate(() => window.drawn.then(() => true)),
    new Promise((resolve) => (late.timer = setTimeout(resolve, LOAD_MS, false))),
  ]);
  clearTimeout(late.timer);
  if (!drawn) {
    throw new Error(`the page drew nothing in ${LOAD_MS / 1000} s: ${errors.join('; ') || 'no error'}`);
  }
  const times = Number(options.frames) ? (await timeFrames(page, Number(options.frames) + WARM_UP)).slice(WARM_UP) : [];
  if (options.picture) {
    await page.screenshot({ path: options.picture });
  }
  const facts = await page.evaluate(() => {
    const { app } = window;
    const gl = app.graphicsDevice.gl;
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const camera = app.root.findComponent('camera');
    return {
      draws: gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER),
      width: app.graphicsDevice.width,
      height: app.graphicsDevice.height,
      camera: {
        fov: camera.fov,
        horizontal: camera.horizontalFov,
        world: Array.from(camera.entity.getWorldTransform().data),
      },
    };
  });
  const sorted = times.toSorted((a, b) => a - b);
  const frame = times.length
    ? { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1), all: times }
    : null;
  console.log(
    JSON.stringify({ browser: browser.version(), ...facts, ms_per_frame: frame, network: requests, errors }),
  );
} finally {
  await browser?.close();
  await rm(folder, { recursive: true });
}
