import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Asks V8 to free what nobody holds. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
