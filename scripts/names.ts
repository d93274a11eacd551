/** Writes the tables of PyTorch's names into docs/guide/pytorch.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runGenerator } from './generate.ts';
import { withTables } from './pytorchNames.ts';

const PAGE = 'docs/guide/pytorch.md';

await runGenerator('names', {
  about: "Writes the tables of PyTorch's names into the guide.",
  sources: 'scripts/pytorchNames.ts',
  files: () => [[PAGE, withTables(readFileSync(join(root, PAGE), 'utf8'))]],
});
