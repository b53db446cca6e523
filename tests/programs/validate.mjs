// Prints the Khronos validator's issues with a .glb as JSON: node validate.mjs FILE.glb. The validator does not know
// KHR_gaussian_splatting, so its attributes are renamed to application-specific ones, which begin with an underscore:
// "KHR_gaussian_splatting:SCALE" becomes "_HR_gaussian_splatting_SCALE". Their data is then checked like any other.
import { readFile } from 'node:fs/promises';
import validator from 'gltf-validator';

const bytes = await readFile(process.argv[2]);
const length = bytes.readUInt32LE(12);
const json = bytes.toString('latin1', 20, 20 + length);
bytes.write(json.replace(/"KHR(_gaussian_splatting):([A-Z0-9_]+)"/g, '"_HR$1_$2"'), 20, 'latin1');
const report = await validator.validateBytes(new Uint8Array(bytes), { maxIssues: 50 });
console.log(JSON.stringify(report.issues.messages));
