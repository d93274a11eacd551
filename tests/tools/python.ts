import { execFileSync } from 'node:child_process';

/** A Python that has PyTorch: Debian's first, whose package is what CI installs. */
export const python: string | undefined = ['/usr/bin/python3', 'python3'].find((candidate) => {
  try {
    execFileSync(candidate, ['-c', 'import torch, numpy'], { stdio: 'pipe', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
});

/** Why tests with PyTorch are skipped. */
export const NO_PYTORCH = 'no Python with PyTorch here: apt-get install python3-torch';
