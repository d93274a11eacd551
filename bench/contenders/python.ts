import { existsSync } from 'node:fs';

/** The Python that is asked for PyTorch if none is named. */
export function findPython(): string {
  return ['bench/.venv/bin/python', '/usr/bin/python3'].find((path) => existsSync(path)) ?? 'python3';
}
