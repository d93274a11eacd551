import type { TestContext } from 'vitest';

/**
 * Skips a test whose program or package is missing, and a line says so; where they are required
 * (WGRAD_REQUIRE_TOOLS=1) it fails.
 */
export function skipMissing(context: TestContext, reason: string): never {
  if (process.env['WGRAD_REQUIRE_TOOLS'] === '1') throw new Error(reason);
  console.warn(`SKIPPED, ${reason}`);
  return context.skip(reason);
}
