/** Whether a part of the cases is enough, as in `.ci/run`. */
export const SOME: boolean = process.env['WGRAD_CASES'] === 'some';

/**
 * One case of so many runs in other runtimes. WGRAD_CASES=some takes a part that is spread over all kinds of cases: all of
 * them take minutes in each runtime.
 */
export const EVERY: number = SOME ? 16 : 1;

/** The same for pipelines on SwiftShader, which compiles large kernels for seconds. Another driver compiles all of them. */
export const EVERY_PIPELINE: number =
  SOME && process.env['VK_DRIVER_FILES']?.includes('swiftshader') ? 12 : 1;

/** The same for the cases of operations on SwiftShader: another driver runs all of them. */
export const EVERY_CASE: number = EVERY_PIPELINE === 1 ? 1 : 3;

/** In milliseconds. */
export const LONGEST = 1_800_000;
