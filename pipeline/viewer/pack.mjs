// Makes the page of SuperSplat's viewer with everything inside, and two places left open: the camera and the scene.
// Usage: node pack.mjs PAGE. HtmlFormat.java fills the places in.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renderViewerHtml } from '@playcanvas/supersplat-viewer';
import { defaultSettings } from '@playcanvas/supersplat-viewer/settings';

const page = process.argv[2];
const license = await readFile(new URL('node_modules/@playcanvas/supersplat-viewer/LICENSE', import.meta.url), 'utf8');
const background = [0, 0, 0];
const settings = {
  ...defaultSettings('object'),
  // Colours as they were trained, which is what our own pictures show.
  tonemapping: 'none',
  background: { color: background },
  cameras: [{ initial: '@diorama-camera@' }],
};
const html = renderViewerHtml({
  bootstrap: {
    settings,
    contentUrl: 'data:application/octet-stream;base64,@diorama-scene@',
    contentFilename: 'scene.sog',
  },
  backgroundColor: background,
  headExtras: `<!--\nThis page contains @playcanvas/supersplat-viewer and the PlayCanvas engine.\n\n${license.trim()}\n-->`,
  inlineCss: true,
  inlineJs: true,
});
for (const place of ['"@diorama-camera@"', '@diorama-scene@']) {
  if (html.split(place).length !== 2) {
    throw new Error(`the viewer's page has not exactly one ${place}`);
  }
}
await mkdir(dirname(page), { recursive: true });
await writeFile(`${page}.part`, html);
await rename(`${page}.part`, page);
